using System.Text.RegularExpressions;

namespace PipelineService.Tests.Repository;

/// <summary>What tests read out of the documentation: sections, fenced blocks and tables.</summary>
internal static partial class MarkdownText
{
    /// <summary>The text between a heading of the second level and the next one.</summary>
    public static string Section(string text, string heading)
    {
        int start = text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"There is no section \"{heading}\".");
        int end = text.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        return text[start..(end < 0 ? text.Length : end)];
    }

    /// <summary>The fenced blocks in a language, without their fences.</summary>
    public static string[] Blocks(string text, string language) =>
        [.. Fenced().Matches(text).Where(m => m.Groups["language"].Value == language).Select(m => m.Groups["body"].Value)];

    /// <summary>The cells of every table's rows, heads left out: those rows whose first cell stands in backticks.</summary>
    public static string[][] Rows(string text) =>
    [
        .. from line in text.Split('\n')
           where line.StartsWith("| `", StringComparison.Ordinal)
           select line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray(),
    ];

    /// <summary>The first code in backticks; null when there is none.</summary>
    public static string? Code(string cell) => InBackticks().Match(cell) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex(@"^```(?<language>[a-z]+)\n(?<body>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();

    [GeneratedRegex("`([^`]*)`")]
    private static partial Regex InBackticks();
}
