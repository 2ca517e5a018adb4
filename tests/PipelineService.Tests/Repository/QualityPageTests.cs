using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Definitions;
using PipelineService.Jobs.Quality;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>The examples of docs/quality.md do what the page says.</summary>
public sealed class QualityPageTests(LoadingService service) : IClassFixture<LoadingService>
{
    private static readonly string Page = RepositoryFiles.Read("docs", "quality.md");

    [Fact]
    public async Task The_profile_is_as_it_shows()
    {
        string section = MarkdownText.Section(Page, "Profile");
        await service.Api.DeclareAsync("page_profile", Assert.Single(MarkdownText.Blocks(section, "json")));
        JobView job = await service.LoadAsync("page_profile", Assert.Single(MarkdownText.Blocks(section, "csv")));

        ProfileView profile = (await service.Api.GetAsync($"/v1/jobs/{job.Id}/profile")).Read<ProfileView>();

        string[] shown = Assert.Single(MarkdownText.Blocks(section, "text")).TrimEnd().Split('\n');
        Assert.Equal(shown[1..], profile.Columns.Select(column => string.Join(
            '|', column.Name, column.Values, column.Nulls, column.Distinct, column.Min, column.Max, column.Sum,
            column.Mean?.ToString("R", CultureInfo.InvariantCulture))));
    }

    [Fact]
    public void Every_metric_is_told() => Assert.Equal(
        DefinitionWords.Metrics.Select(metric => metric.Word),
        MarkdownText.Rows(MarkdownText.Section(Page, "Rules"))
            .TakeWhile(row => row[0] != "`warn`").SelectMany(row => row[0].Split(", ")).Select(name => name.Trim('`')));

    [Fact]
    public async Task The_upload_is_held_as_it_shows()
    {
        string section = MarkdownText.Section(Page, "Hold");
        string[] json = [.. MarkdownText.Blocks(section, "json")], csv = [.. MarkdownText.Blocks(section, "csv")];
        await service.Api.DeclareAsync("page_hold", json[0]);
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync("page_hold", csv[0])).State);
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync("page_hold", csv[0])).State);

        Guid id = (await service.Api.UploadAsync("page_hold", csv[1])).Job.Id;
        await service.Api.WhenAsync(id, "held", job => job is { State: JobState.Queued, WaitingFor: "approval" });

        JsonNode quality = JsonNode.Parse((await service.Api.GetAsync($"/v1/jobs/{id}")).Body)!["quality"]!;
        Assert.Equal(Plain(JsonNode.Parse(json[1])!), Plain(quality));
        Assert.Equal(8, await service.CountRowsAsync("page_hold"));
        await service.Api.PostAsync($"/v1/jobs/{id}/approve");
        Assert.Equal(JobState.Succeeded, (await service.Api.WhenFinalAsync(id)).State);
        Assert.Equal(10, await service.CountRowsAsync("page_hold"));
    }

    /// <summary>Without what is null.</summary>
    private static string Plain(JsonNode node)
    {
        RemoveNulls(node);
        return node.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    private static void RemoveNulls(JsonNode? node)
    {
        if (node is JsonObject members)
        {
            foreach (string name in members.Where(member => member.Value is null).Select(member => member.Key).ToArray())
            {
                members.Remove(name);
            }

            foreach ((_, JsonNode? value) in members)
            {
                RemoveNulls(value);
            }
        }

        foreach (JsonNode? item in node as JsonArray ?? [])
        {
            RemoveNulls(item);
        }
    }
}
