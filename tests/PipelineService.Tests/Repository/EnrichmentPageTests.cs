using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>The examples of docs/enrichment.md do what the page says.</summary>
public sealed class EnrichmentPageTests(LoadingService service) : IClassFixture<LoadingService>
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
        string[] shown = Assert.Single(MarkdownText.Blocks(Page, "text")).TrimEnd().Split('\n');
        Assert.Equal(
            shown[1..], await service.RowsAsync($"SELECT concat({string.Join(", '|', ", shown[0].Split('|'))}) FROM rides ORDER BY trip"));
        Assert.StartsWith("3:4 lookup_missing zone", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }
}
