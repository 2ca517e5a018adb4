using System.Text.RegularExpressions;

namespace PipelineService.Tests.Repository;

/// <summary>docs/security.md claims nothing that no test shows, and leaves out no line of the lists that it goes by.</summary>
public sealed partial class SecurityPageTests
{
    private static readonly string[] Tables = ["Threats, one by one", "OWASP API Security Top 10, 2023", "ASVS 5.0, by chapter"];

    private static readonly string Page = RepositoryFiles.Read("docs", "security.md");

    [Fact]
    public void Every_test_that_it_names_is_there()
    {
        HashSet<string> tests = [];
        foreach ((string path, string text) in RepositoryFiles.Below(Path.Combine(RepositoryFiles.Root, "tests"), "*Tests.cs"))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            tests.Add(name);
            tests.UnionWith(Fact().Matches(text).Select(method => $"{name}.{method.Groups["name"].Value}"));
        }

        string[] named = [.. TestName().Matches(Page).Select(match => match.Groups["name"].Value).Distinct()];
        Assert.True(named.Length > 50, string.Join(' ', named));
        Assert.Empty(named.Except(tests));
    }

    [Fact]
    public void Goes_through_all_ten_risks_and_all_chapters()
    {
        Assert.Equal(Enumerable.Range(1, 10).Select(number => $"API{number}"), FirstWords("OWASP API Security Top 10, 2023"));
        Assert.Equal(Enumerable.Range(1, 17).Select(number => $"V{number}"), FirstWords("ASVS 5.0, by chapter"));
    }

    /// <summary>What stands against nothing says so.</summary>
    [Fact]
    public void Every_line_names_a_test_or_says_whose_affair_it_is()
    {
        string[][] rows = [.. Tables.SelectMany(Rows)];

        Assert.Equal(
            ["formulas in the tables", "V17 WebRTC"],
            rows.Where(row => !TestName().IsMatch(row[2])).Select(row => row[0]));
    }

    private static IEnumerable<string> FirstWords(string section) => Rows(section).Select(row => row[0].Split(' ')[0]);

    /// <summary>Behind the head and the line below it.</summary>
    private static IEnumerable<string[]> Rows(string section) => MarkdownText.Section(Page, section).Split('\n')
        .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2)
        .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray());

    [GeneratedRegex(@"`(?<name>\w+Tests(\.\w+)?)`", RegexOptions.ExplicitCapture)]
    private static partial Regex TestName();

    [
        GeneratedRegex(@"\[(Fact|Theory)\b.*?public (static )?(async )?(Task|void) (?<name>\w+)\(", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Fact();
}
