using System.Text.RegularExpressions;

namespace PipelineService.Tests.Repository;

/// <summary>docs/table-schema.md has no row without a test, and names none that there is not.</summary>
public sealed partial class TableSchemaTableTests
{
    private static readonly string Page = RepositoryFiles.Read("docs", "table-schema.md");

    private static readonly Dictionary<string, string> Sources = RepositoryFiles.Below(Path.Combine(RepositoryFiles.Root, "tests"), "*Tests.cs")
        .GroupBy(file => Path.GetFileNameWithoutExtension(file.Path))
        .ToDictionary(files => files.Key, files => string.Concat(files.Select(file => file.Text)), StringComparer.Ordinal);

    [Fact]
    public void Every_row_names_a_test() => Assert.All(
        MarkdownText.Rows(Page), row => Assert.True(TestName().IsMatch(row[^1]), $"There is no test in the row of {row[0]}."));

    [Fact]
    public void Every_test_that_it_names_is_there()
    {
        string[] named = [.. TestName().Matches(Page).Select(m => m.Groups[1].Value).Distinct()];

        Assert.True(named.Length > 20, "The page names tests.");
        Assert.DoesNotContain(named, name => !IsThere(name.Split('.')));
    }

    private static bool IsThere(string[] name) =>
        Sources.TryGetValue(name[0], out string? source)
        && (name.Length == 1 || source.Contains($" {name[1]}(", StringComparison.Ordinal));

    [GeneratedRegex(@"`(\w+Tests(?:\.\w+)?)`")]
    private static partial Regex TestName();
}
