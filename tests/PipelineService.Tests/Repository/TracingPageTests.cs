using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>The example of docs/tracing.md is answered as the page shows it.</summary>
public sealed class TracingPageTests(RunningService running) : IClassFixture<RunningService>
{
    private static readonly string Page = RepositoryFiles.Read("docs", "tracing.md");

    [Fact]
    public async Task The_example_is_answered_as_it_shows()
    {
        string section = MarkdownText.Section(Page, "An example");
        string[] shown = [.. MarkdownText.Blocks(section, "json")];
        await running.Api.DeclareAsync("paged", shown[0]);
        JobView job = await running.Api.LoadAsync("paged", Assert.Single(MarkdownText.Blocks(section, "csv")));
        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(3, 1, 1, 1)), (job.State, job.Records));

        JsonNode first = await TraceAsync(job, 1), second = await TraceAsync(job, 2), third = await TraceAsync(job, 3);

        AssertHas(JsonNode.Parse(shown[1])!, first, "");
        Assert.Equal(("filtered", 3), ((string?)second["outcome"]!["state"], (int?)second["outcome"]!["op"]));
        Assert.Equal("rejected", (string?)third["outcome"]!["state"]);
        AssertHas(JsonNode.Parse(shown[2])!, third["checks"]!.AsArray().Single(check => (string?)check!["field"] == "fare")!, "");
        string rows = MarkdownText.Section(Page, "From a row to its record");
        AssertHas(
            JsonNode.Parse(Assert.Single(MarkdownText.Blocks(rows, "json")))!,
            JsonNode.Parse((await running.Api.GetAsync("/v1/datasets/paged/rows?key=1")).Body)!, "");
    }

    private async Task<JsonNode> TraceAsync(JobView job, int record) =>
        JsonNode.Parse((await running.Api.GetAsync($"/v1/jobs/{job.Id}/records/{record}")).Body)!;

    /// <summary>Every property that is shown has the shown value, and lists have what they show, one for one.</summary>
    private static void AssertHas(JsonNode? shown, JsonNode? actual, string place)
    {
        switch (shown)
        {
            case JsonObject properties:
                foreach ((string name, JsonNode? value) in properties)
                {
                    AssertHas(value, actual![name], $"{place}/{name}");
                }

                break;
            case JsonArray items:
                Assert.Equal((place, items.Count), (place, actual!.AsArray().Count));
                for (int i = 0; i < items.Count; i++)
                {
                    AssertHas(items[i], actual[i], $"{place}/{i}");
                }

                break;
            default:
                Assert.Equal((place, shown?.ToJsonString()), (place, actual?.ToJsonString()));
                break;
        }
    }
}
