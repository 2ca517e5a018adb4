using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Sources;

/// <summary>The examples of docs/sources.md do what the page says.</summary>
public sealed class SourcesPageTests(WatchingService service) : IClassFixture<WatchingService>
{
    private static readonly string Page = RepositoryFiles.Read("docs", "sources.md");

    [Fact]
    public async Task The_folder_is_watched_as_it_shows()
    {
        string section = MarkdownText.Section(Page, "A watched folder");
        string[] answers = MarkdownText.Blocks(section, "text");
        Directory.CreateDirectory(service.PathOf("acme"));
        await service.Api.DeclareAsync("deliveries", Readings.Definition());
        ApiAnswer made = await service.PutAsync("acme_folder", Assert.Single(MarkdownText.Blocks(section, "json")));
        Assert.Equal(HttpStatusCode.Created, made.Status);

        service.Drop("acme", "monday.csv", Assert.Single(MarkdownText.Blocks(section, "csv")));
        await service.WhenTakenAsync("acme_folder", 1);
        await service.LookAsync("acme_folder");

        Assert.True(File.Exists(service.PathOf("acme", Path.Combine("done", "monday.csv"))));
        AssertShows(answers[0], await service.SourceAsync("acme_folder"));
        JsonNode item = Assert.Single(await service.ObjectsAsync("acme_folder"))!;
        AssertShows(answers[1], item);
        JobView job = await service.Api.WhenFinalAtLastAsync((Guid)item["jobId"]!);
        Assert.Equal((JobState.PartiallySucceeded, "acme", 2L, 1L), (job.State, job.Source, job.Records.Loaded, job.Records.Rejected));
    }

    [Fact]
    public async Task What_cannot_be_taken_is_told_as_it_shows()
    {
        string answer = Assert.Single(MarkdownText.Blocks(MarkdownText.Section(Page, "What cannot be taken"), "text"));
        await service.WatchAsync("huge");
        service.Drop("huge", "huge.csv", new StringBuilder().Append('x', WatchingService.BodyBytesMax + 1).ToString());

        await service.WhenTakenAsync("huge", 1);

        AssertShows(answer, Assert.Single(await service.ObjectsAsync("huge"))!);
    }

    /// <summary>All that is shown is there; there may be more.</summary>
    internal static void AssertShows(string shown, JsonNode actual) => AssertHas(JsonNode.Parse(shown)!, actual, "");

    private static void AssertHas(JsonNode shown, JsonNode? actual, string place)
    {
        if (shown is not JsonObject members)
        {
            Assert.True(JsonNode.DeepEquals(shown, actual), $"{place}: {actual?.ToJsonString()} instead of {shown.ToJsonString()}");
            return;
        }

        foreach ((string name, JsonNode? value) in members)
        {
            if (value is null)
            {
                Assert.Null(actual![name]);
            }
            else
            {
                AssertHas(value, actual![name], $"{place}/{name}");
            }
        }
    }
}
