using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using PipelineService.Core.Parsing;
using Xunit;

namespace PipelineService.Core.Tests.Parsing;

/// <summary>The files of https://github.com/max-mapper/csv-spectrum, where they are at hand.</summary>
public sealed class CsvSpectrumTests
{
    [Theory]
    [InlineData("comma_in_quotes")]
    [InlineData("empty")]
    [InlineData("empty_crlf")]
    [InlineData("escaped_quotes")]
    [InlineData("json")]
    [InlineData("newlines")]
    [InlineData("newlines_crlf")]
    [InlineData("quotes_and_newlines")]
    [InlineData("simple")]
    [InlineData("simple_crlf")]
    [InlineData("utf8")]
    public void Reads_what_the_suite_expects(string name)
    {
        string? folder = FindSuite();
        Assert.SkipWhen(folder is null, "shared/testdata/csv-spectrum is in no folder above the repository.");
        byte[] csv = File.ReadAllBytes(Path.Combine(folder!, "csvs", $"{name}.csv"));
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder!, "json", $"{name}.json")));

        ImmutableArray<string> names = CsvHeader.Read(csv, CsvDialect.Default, recordBytesMax: 1_000, out string? error);
        List<string[]> rows = CsvReading.Values(csv)[1..];

        Assert.Null(error);
        Assert.Equal(
            expected.RootElement.EnumerateArray()
                .Select(row => row.EnumerateObject().Select(p => (p.Name, Text(p.Value.GetString())))),
            rows.Select(row => names.Zip(row, (field, value) => (field, Text(value)))));
    }

    /// <summary>Copies of the suite differ in line ends, by the settings of whoever checked them out.</summary>
    private static string Text(string? value) => value!.Replace("\r\n", "\n", StringComparison.Ordinal);

    private static string? FindSuite()
    {
        string root = typeof(CsvSpectrumTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!;
        for (DirectoryInfo? above = new DirectoryInfo(root).Parent; above is not null; above = above.Parent)
        {
            string folder = Path.Combine(above.FullName, "shared", "testdata", "csv-spectrum");
            if (Directory.Exists(folder))
            {
                return folder;
            }
        }

        return null;
    }
}
