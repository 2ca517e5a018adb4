using System.Text.RegularExpressions;
using PipelineService.Core.Rules;

namespace PipelineService.Tests.Repository;

/// <summary>docs/errors.md names every code that there is, and none that there is not.</summary>
public sealed partial class ErrorTablesTests
{
    private static readonly string Errors = RepositoryFiles.Read("docs", "errors.md");

    [Fact]
    public void Names_every_record_error()
    {
        IEnumerable<string> codes =
            Enum.GetValues<RecordErrorCode>().Where(c => c != RecordErrorCode.None).Select(RecordErrorCodes.NameOf);

        Assert.Equal(codes, Rows("Record errors").Select(row => MarkdownText.Code(row[0])));
    }

    [Fact]
    public void Names_every_problem_with_its_status()
    {
        IEnumerable<string> shown = Rows("Problems").Select(row => $"{MarkdownText.Code(row[0])} {row[1]}");

        Assert.Equal(CodesInSource().Distinct().Order(StringComparer.Ordinal), shown);
    }

    [Fact]
    public void Every_code_has_a_meaning() =>
        Assert.All(Rows("Record errors").Select(row => row[1]).Concat(Rows("Problems").Select(row => row[2])), Assert.NotEmpty);

    /// <summary>What nobody can mend, or whose meaning says already how, needs no causes.</summary>
    [Fact]
    public void Most_problems_have_their_usual_causes() =>
        Assert.InRange(Rows("Problems").Count(row => row[3].Length > 0), 40, int.MaxValue);

    private static string[][] Rows(string section) => MarkdownText.Rows(MarkdownText.Section(Errors, section));

    /// <summary>
    /// Problems are made where they arise, in three forms: a <c>Problem</c> with its properties, a line of the table of
    /// refusals, and a line of the table for bare status codes.
    /// </summary>
    private static IEnumerable<string> CodesInSource() =>
        from file in RepositoryFiles.Below(RepositoryFiles.Service, "*.cs")
        from pattern in new[] { CodeThenStatus(), StatusThenCode(), Refusal(), Bare() }
        from match in pattern.Matches(file.Text)
        select $"{match.Groups["code"].Value} {StatusOf(match)}";

    private static string StatusOf(Match match) => match.Groups["status"].Value switch
    {
        ">= 500" => "500",
        "_" => "4xx",
        string status => status,
    };

    [GeneratedRegex(@"Code = ""(?<code>\w+)"",\s*Status = StatusCodes\.Status(?<status>\d{3})")]
    private static partial Regex CodeThenStatus();

    [GeneratedRegex(@"Status = StatusCodes\.Status(?<status>\d{3})\w+,\s*Code = ""(?<code>\w+)""")]
    private static partial Regex StatusThenCode();

    [GeneratedRegex(@"\(\s*""(?<code>\w+)"", StatusCodes\.Status(?<status>\d{3})")]
    private static partial Regex Refusal();

    [GeneratedRegex(@"(?<status>\d{3}|>= 500|_) => \(""(?<code>\w+)"", """)]
    private static partial Regex Bare();
}
