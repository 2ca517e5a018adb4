using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Conversion.Packing;
using PipelineService.Spool.Conversion.Parquet;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>
/// Parquet files of public suites, value for value. Converted in this process: each in one of its own would take a minute, and none of them
/// harms the library.
/// </summary>
public sealed class ParquetSuiteTests : IDisposable
{
    /// <summary>
    /// A file that is with the damaged ones because another reader broke at it, and is read as it was written: each of its values is the only
    /// one of its dictionary, for which an index needs no bit.
    /// </summary>
    private const string WithoutDamage = "bad_data/ARROW-GH-43605.parquet";

    /// <summary>What is not read: an encoding and a codec (docs/formats.md).</summary>
    private static readonly string[] NotRead = ["byte_stream_split_extended.gzip", "hadoop_lz4_compressed"];

    /// <summary>What is told in another way: geometries as WKT and not as GeoJSON, lists without an item as empty and not as null, bytes inside of values as base64, days of variants without a time.</summary>
    private static readonly string[] ToldOtherwise =
        ["adam_genotypes", "duckdb2557", "geoparquet", "geospatial", "issue23", "nested_structs.rust", "shredded-partial-object", "shredded-sparse-timestamp"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Files_of_parquet_testing_are_read_or_refused_with_a_reason()
    {
        foreach (PublicCase file in PublicTestData.CasesOf("parquet-testing"))
        {
            (string[] lines, string? fault) = Convert(file);

            if (file.Id == WithoutDamage)
            {
                Assert.Equal((21_186, 1, "[0]"), (lines.Length - 1, lines[1..].Distinct().Count(), lines[^1]));
            }
            else if (file.Expect == "reject")
            {
                Assert.True(fault is { Length: > 0 }, $"{file.Id} was read.");
            }
            else if (fault is null)
            {
                int width = JsonElement.Parse(lines[0]).GetArrayLength();
                Assert.All(lines[1..], line => Assert.Equal(width, JsonElement.Parse(line).GetArrayLength()));
            }
        }
    }

    [Fact]
    public void Files_of_hyparquet_are_read_value_for_value()
    {
        List<string> faults = [];
        foreach (PublicCase file in PublicTestData.CasesOf("hyparquet"))
        {
            (string[] lines, string? fault) = Convert(file);
            if (NotRead.Contains(file.Id))
            {
                Assert.NotNull(fault);
                continue;
            }

            JsonElement[] rows = [.. JsonElement.Parse(file.Rows!).EnumerateArray()];
            string[] names = fault is null ? [.. JsonElement.Parse(lines[0]).EnumerateArray().Select(name => name.GetString()!)] : [];
            if (fault is not null || lines.Length - 1 != rows.Length)
            {
                faults.Add($"{file.Id}: {fault ?? $"{lines.Length - 1} rows and not {rows.Length}"}");
            }
            else if (!ToldOtherwise.Contains(file.Id))
            {
                faults.AddRange(
                    from row in rows.Index()
                    let values = JsonElement.Parse(lines[row.Index + 1])
                    from name in names.Index()
                    let meant = row.Item.ValueKind == JsonValueKind.Array ? row.Item[name.Index]
                        : row.Item.TryGetProperty(name.Item, out JsonElement value) ? value : default
                    where !AreSame(values[name.Index], meant)
                    select $"{file.Id}: row {row.Index}, {name.Item}: {values[name.Index]} and not {meant}");
            }
        }

        Assert.Empty(faults);
    }

    public void Dispose() => _folder.Dispose();

    private (string[] Lines, string? Fault) Convert(PublicCase file)
    {
        string path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(path, file.Bytes);
        using MemoryStream rows = new();
        try
        {
            ParquetConverter.Convert(
                new ConversionRequest(DataFormat.Parquet, path, new Dictionary<string, WantedForm>(), MemoryBytes: 300 << 20), new PackedRows(rows));
        }
        catch (UnconvertibleException e)
        {
            return ([], e.Message);
        }

        return (System.Text.Encoding.UTF8.GetString(PackedText.OfFile(rows.ToArray())).Split('\n', StringSplitOptions.RemoveEmptyEntries), null);
    }

    /// <summary>
    /// As values of JavaScript, which the expected ones are: numbers are doubles, those of 32 bits widened; what is not a number is null, and so
    /// is a member that is not there; a moment has its zone.
    /// </summary>
    private static bool AreSame(JsonElement read, JsonElement meant) => (read.ValueKind, meant.ValueKind) switch
    {
        (JsonValueKind.Null, JsonValueKind.Null or JsonValueKind.Undefined) => true,
        (JsonValueKind.Number, JsonValueKind.Number) =>
            read.GetDouble().Equals(meant.GetDouble()) || ((float)read.GetDouble()).Equals((float)meant.GetDouble()) || read.GetDouble() == meant.GetDouble(),
        (JsonValueKind.String, JsonValueKind.Null) => read.GetString() == "NaN",
        (JsonValueKind.String, JsonValueKind.String) =>
            read.GetString() == meant.GetString() || Moment(read.GetString()!) == Moment(meant.GetString()!),
        (JsonValueKind.Array, JsonValueKind.Array) => read.GetArrayLength() == meant.GetArrayLength()
            && read.EnumerateArray().Zip(meant.EnumerateArray()).All(pair => AreSame(pair.First, pair.Second)),
        (JsonValueKind.Object, JsonValueKind.Object) => read.EnumerateObject().Select(member => member.Name)
            .Union(meant.EnumerateObject().Select(member => member.Name))
            .All(name => AreSame(
                read.TryGetProperty(name, out JsonElement a) ? a : default, meant.TryGetProperty(name, out JsonElement b) ? b : default)),
        (var a, var b) => a == b,
    };

    private static string Moment(string text) => text.TrimEnd('Z').Replace(".000", "", StringComparison.Ordinal);
}
