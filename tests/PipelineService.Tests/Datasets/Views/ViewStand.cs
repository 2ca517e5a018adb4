using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Datasets.Views;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets.Views;

/// <summary>A service whose datasets have views: built when a test says so, and held against their tables.</summary>
public sealed class ViewStand(PostgresServer server) : RunningService(server)
{
    protected override IEnumerable<(string Key, string? Value)> Settings =>
        [("Spool:ChunkBytes", "4096"), ("Datasets:ViewFoldAfter", "00:01:00"), ("Datasets:ViewGroupsMax", "200000")];

    /// <summary>Does what there is to do for views.</summary>
    public static async Task KeepAsync(ServiceUnderTest service)
    {
        ViewKeeper keeper = service.Services.GetRequiredService<ViewKeeper>();
        await BoundedWait.UntilAsync(
            "the views to be built", async () => await keeper.RunOnceAsync(TestContext.Current.CancellationToken) == 0);
    }

    public async Task DeclareAsync(string dataset, string definition)
    {
        await Api.DeclareAsync(dataset, definition);
        await KeepAsync(Service);
    }

    /// <summary>As if all jobs had ended long ago.</summary>
    public Task AgeAsync() => Database.ExecuteAsync(
        "UPDATE pipeline.jobs SET created_at = created_at - interval '1 day', received_at = received_at - interval '1 day', "
        + "started_at = started_at - interval '1 day', finished_at = finished_at - interval '1 day' WHERE finished_at IS NOT NULL");

    public Task<long> IdOfAsync(string dataset, string view) => Database.ScalarAsync<long>(
        $"SELECT id FROM pipeline.views WHERE dataset = '{dataset}' AND name = '{view}' AND dropped_at IS NULL");

    /// <summary>How many groups are not what the table says, in one snapshot.</summary>
    /// <param name="groupBy">The query that the view stands for.</param>
    public async Task<long> DifferencesAsync(string dataset, string view, string groupBy) => await Database.ScalarAsync<long>(Compared(
        await IdOfAsync(dataset, view), groupBy));

    public static string Compared(long id, string groupBy) => $"""
        SELECT count(*) FROM (
            (SELECT * FROM pipeline.view_{id} EXCEPT ALL ({groupBy})) UNION ALL (({groupBy}) EXCEPT ALL SELECT * FROM pipeline.view_{id})) d
        """;

    public async Task<System.Text.Json.JsonElement> ReadAsync(string dataset, string view, string query = "")
    {
        ApiAnswer answer = await Api.GetAsync($"/v1/datasets/{dataset}/views/{view}{query}");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return answer.Json;
    }
}
