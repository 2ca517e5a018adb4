using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Transform.Enrichment;

namespace PipelineService.Tests.Repository;

/// <summary>The examples of docs/enrichment.md do what the page says.</summary>
public sealed class EnrichmentPageTests(HttpEnrichmentTests.Service service) : IClassFixture<HttpEnrichmentTests.Service>
{
    private static readonly string Page = RepositoryFiles.Read("docs", "enrichment.md");

    /// <summary>The ops that it describes.</summary>
    public static IEnumerable<string> Ops =>
        from block in MarkdownText.Blocks(Page, "json")
        let json = JsonElement.Parse(block)
        where json.TryGetProperty("transforms", out _)
        from op in json.GetProperty("transforms").EnumerateArray()
        let word = op.GetProperty("op").GetString()!
        where word != "derive"
        select word;

    [Fact]
    public async Task The_lookup_loads_as_it_shows()
    {
        string[] definitions = [.. MarkdownText.Blocks(Page, "json")];
        string[] data = [.. MarkdownText.Blocks(Page, "csv")];
        await service.Api.DeclareAsync("zones", definitions[0]);
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync("zones", data[0])).State);
        await service.Api.DeclareAsync("rides", definitions[1]);

        JobView job = await service.LoadAsync("rides", data[1]);

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(4, 3, 1, 0)), (job.State, job.Records));
        string[] shown = MarkdownText.Blocks(Page, "text").First().TrimEnd().Split('\n');
        Assert.Equal(
            shown[1..], await service.RowsAsync($"SELECT concat({string.Join(", '|', ", shown[0].Split('|'))}) FROM rides ORDER BY trip"));
        Assert.StartsWith("3:4 lookup_missing zone", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_service_is_asked_as_it_shows()
    {
        await service.Api.DeclareAsync("visits", MarkdownText.Blocks(Page, "json").ElementAt(2));

        JobView job = await service.LoadAsync("visits", MarkdownText.Blocks(Page, "csv").ElementAt(2));

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(5, 4, 1, 0)), (job.State, job.Records));
        string[] shown = MarkdownText.Blocks(Page, "text").ElementAt(1).TrimEnd().Split('\n');
        Assert.Equal(
            shown[1..], await service.RowsAsync($"SELECT concat({string.Join(", '|', ", shown[0].Split('|'))}) FROM visits ORDER BY visit"));
        Assert.StartsWith("5:6 enrichment_failed client_ip", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
        Assert.Equal(["192.0.2.1", "faulty", "unknown"], Assert.Single(service.Stub.Calls).Order());
    }
}
