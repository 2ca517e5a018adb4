using System.Text;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Conversion.Arrow;
using PipelineService.Spool.Conversion.Packing;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>
/// Arrow IPC of the suite with which its implementations are tested against each other, value for value, and what fuzzers found to be hard
/// on them. Converted in this process, which such data must not harm.
/// </summary>
public sealed class ArrowSuiteTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Files_of_arrow_testing_are_read_value_for_value_or_refused_with_a_reason()
    {
        List<string> faults = [];
        foreach (PublicCase file in PublicTestData.CasesOf("arrow-testing"))
        {
            (string text, string? fault) = Convert(file.Bytes);
            if (file.Expect == "reject" && fault is null)
            {
                faults.Add($"{file.Id} was read.");
            }
            else if (file.Expect == "rows" && fault is not null)
            {
                faults.Add($"{file.Id}: {fault}");
            }
            else if (file.Rows is not null)
            {
                faults.AddRange(Differences(file, text).Take(3));
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<string> Differences(PublicCase file, string text)
    {
        string[] read = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] meant = file.Rows!.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return read.Length != meant.Length ? [$"{file.Id}: {read.Length - 1} rows and not {meant.Length - 1}"]
            : from row in read.Zip(meant).Index()
              where !AreSame(JsonElement.Parse(row.Item.First), JsonElement.Parse(row.Item.Second))
              select $"{file.Id}: row {row.Index}: {row.Item.First} and not {row.Item.Second}";
    }

    /// <summary>Numbers by their texts, but for floating-point ones, which have several; of bytes that are shown as text the text.</summary>
    private static bool AreSame(JsonElement read, JsonElement meant) => (read.ValueKind, meant.ValueKind) switch
    {
        (JsonValueKind.Array, JsonValueKind.Array) => read.GetArrayLength() == meant.GetArrayLength()
            && read.EnumerateArray().Zip(meant.EnumerateArray()).All(pair => AreSame(pair.First, pair.Second)),
        (JsonValueKind.Object, JsonValueKind.Object) => read.EnumerateObject().Count() == meant.EnumerateObject().Count()
            && read.EnumerateObject().Zip(meant.EnumerateObject()).All(
                pair => pair.First.Name == pair.Second.Name && AreSame(pair.First.Value, pair.Second.Value)),
        (JsonValueKind.Number, JsonValueKind.Number) => read.GetRawText() == meant.GetRawText()
            || (IsFloat(meant) && (read.GetDouble().Equals(meant.GetDouble()) || ((float)read.GetDouble()).Equals((float)meant.GetDouble()))),
        (JsonValueKind.String, JsonValueKind.String) when meant.GetString()!.StartsWith("\0B", StringComparison.Ordinal) =>
            read.GetString() == Encoding.UTF8.GetString(System.Convert.FromHexString(meant.GetString()![2..])),
        (JsonValueKind.String, JsonValueKind.String) => read.GetString() == meant.GetString(),
        (var a, var b) => a == b,
    };

    private static bool IsFloat(JsonElement number) => number.GetRawText().AsSpan().ContainsAny(".eE");

    /// <summary>Bytes that are no UTF-8 are made some of, so that the rest can be looked at.</summary>
    private (string Text, string? Fault) Convert(byte[] file)
    {
        string path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(path, file);
        using BoundedOutput rows = new();
        try
        {
            ArrowConverter.Convert(
                new ConversionRequest(DataFormat.Arrow, path, new Dictionary<string, WantedForm>(), MemoryBytes: 300 << 20), new PackedRows(rows));
        }
        catch (UnconvertibleException e)
        {
            return ("", e.Message);
        }
        catch (DemandingException e)
        {
            return ("", e.Message);
        }

        return (Encoding.UTF8.GetString(PackedText.OfFile(rows.ToArray())), null);
    }
}
