using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Repository;

/// <summary>docs/formats.md has the formats of the code, each with its test, and the README lists them.</summary>
public sealed class FormatsPageTests
{
    private static readonly string Page = RepositoryFiles.Read("docs", "formats.md");

    [Fact]
    public void Has_the_formats_of_the_code() => Assert.Equal(
        FormatTable.Rows.Select(row => new[]
        {
            $"`{row.MediaType}`",
            string.Join(", ", row.Aliases.Select(alias => $"`{alias}`")),
            string.Join(", ", row.Extensions.Select(extension => $"`{extension}`")),
            $"`{DefinitionWords.Formats.WordFor(row.Form.Format)}`",
            row.Title,
        }),
        MarkdownText.Rows(Page).Select(row => (string[])[.. row[..4], row[4].Split(':')[0]]));

    [Fact]
    public void Every_row_names_a_test_that_is_there()
    {
        string[] tests = [.. RepositoryFiles.Below(Path.Combine(RepositoryFiles.Root, "tests"), "*Tests.cs").Select(file => Path.GetFileNameWithoutExtension(file.Path))];

        Assert.All(MarkdownText.Rows(Page), row => Assert.Contains(MarkdownText.Code(row[^1]), tests));
    }

    [Fact]
    public void The_README_lists_the_media_types() => Assert.Contains(
        string.Join(", ", FormatTable.Rows.Select(row => $"`{row.MediaType}`")), RepositoryFiles.Read("README.md"), StringComparison.Ordinal);
}
