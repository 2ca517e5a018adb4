using System.Net;
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
        string section = MarkdownText.Section(Page, "Lookup");
        string[] definitions = [.. MarkdownText.Blocks(section, "json")];
        string[] data = [.. MarkdownText.Blocks(section, "csv")];
        await service.Api.DeclareAsync("zones", definitions[0]);
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync("zones", data[0])).State);
        await service.Api.DeclareAsync("rides", definitions[1]);

        JobView job = await service.LoadAsync("rides", data[1]);

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(4, 3, 1, 0)), (job.State, job.Records));
        string[] shown = Assert.Single(MarkdownText.Blocks(section, "text")).TrimEnd().Split('\n');
        Assert.Equal(
            shown[1..], await service.RowsAsync($"SELECT concat({string.Join(", '|', ", shown[0].Split('|'))}) FROM rides ORDER BY trip"));
        Assert.StartsWith("3:4 lookup_missing zone", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }

    /// <summary>The model of the page: two values, which its metadata name.</summary>
    [Fact]
    public async Task The_score_loads_as_it_shows()
    {
        string section = MarkdownText.Section(Page, "Score");
        using ByteArrayContent model = new(OnnxWriter.Linear(0.05f, [0.001f, 0.25f], ("feature_names", "amount,night")));
        Assert.Equal(HttpStatusCode.Created, (await service.Api.PutAsync("/v1/models/fraud", model)).Status);
        await service.Api.DeclareAsync("payments", Assert.Single(MarkdownText.Blocks(section, "json")));

        JobView job = await service.LoadAsync("payments", Assert.Single(MarkdownText.Blocks(section, "csv")));

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(4, 3, 1, 0)), (job.State, job.Records));
        string[] shown = Assert.Single(MarkdownText.Blocks(section, "text")).TrimEnd().Split('\n');
        Assert.Equal(
            shown[1..], await service.RowsAsync($"SELECT concat({string.Join(", '|', ", shown[0].Split('|'))}) FROM payments ORDER BY payment"));
        Assert.StartsWith("4:5 score_input_missing amount", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }
}
