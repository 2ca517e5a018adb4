using System.Text.Json;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.Runs;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>Why a job failed can be written whatever it quotes.</summary>
public sealed class FaultsTests
{
    [Fact]
    public void No_text_holds_what_jsonb_cannot()
    {
        string json = Faults.ToJson(Problem(
            "a\0b \ud800 \\u0000", new Dictionary<string, string[]> { ["/a\0"] = ["\0", "\udc00!"] }));

        Problem read = JsonSerializer.Deserialize<Problem>(json, PipelineJson.Options)!;
        Assert.Equal("a\uFFFDb \uFFFD \\u0000", read.Detail);
        Assert.Equal(["\uFFFD", "\uFFFD!"], read.Errors!["/a\uFFFD"]);
    }

    [Fact]
    public void No_text_is_longer_than_people_read()
    {
        string json = Faults.ToJson(Problem(new string('x', 900_000), errors: null));

        Assert.InRange(json.Length, 4_000, 5_000);
        Assert.Contains("x…", json, StringComparison.Ordinal);
    }

    private static Problem Problem(string detail, Dictionary<string, string[]>? errors) => new()
    {
        Code = "header_mismatch",
        Status = 422,
        Title = "The header does not fit.",
        Detail = detail,
        Errors = errors,
    };
}
