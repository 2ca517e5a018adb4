using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Csv;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>The suite csv-spectrum, in the folder of that name, with either line end.</summary>
public sealed class CsvSpectrumTests
{
    private static readonly string Folder = Path.Combine(
        typeof(CsvSpectrumTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!,
        "tests", "PipelineService.Core.Tests", "Parsing", "Csv", "csv-spectrum");

    public static TheoryData<string, bool> Files()
    {
        TheoryData<string, bool> files = [];
        foreach (string path in Directory.EnumerateFiles(Folder, "*.csv").Order(StringComparer.Ordinal))
        {
            files.Add(Path.GetFileNameWithoutExtension(path), false);
            files.Add(Path.GetFileNameWithoutExtension(path), true);
        }

        return files;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Reads_what_the_suite_expects(string name, bool withCrLf)
    {
        byte[] csv = System.Text.Encoding.UTF8.GetBytes(Text(File.ReadAllText(Path.Combine(Folder, $"{name}.csv")), withCrLf));
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, $"{name}.json")));

        ImmutableArray<string> names = CsvHeader.Read(csv, CsvDialect.Default, recordBytesMax: 1_000, out string? error);
        List<string[]> rows = CsvReading.Values(csv)[1..];

        Assert.Null(error);
        Assert.Equal(
            expected.RootElement.EnumerateArray()
                .Select(row => row.EnumerateObject().Select(p => (p.Name, Text(p.Value.GetString()!, withCrLf)))),
            rows.Select(row => names.Zip(row, (field, value) => (field, value))));
    }

    private static string Text(string value, bool withCrLf)
    {
        string lines = value.ReplaceLineEndings("\n");
        return withCrLf ? lines.ReplaceLineEndings("\r\n") : lines;
    }
}
