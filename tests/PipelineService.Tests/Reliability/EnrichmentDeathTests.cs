using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The service dies while it asks another, while it writes down what rows lack, and while it fills that: every row is there once, and
/// has in the end what the other service says.
/// </summary>
public sealed class EnrichmentDeathTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    /// <summary>The points that only such jobs come to; the rounds of the other tests ask nobody.</summary>
    internal static readonly ImmutableArray<FaultPoint> Points =
        [FaultPoint.ServiceAsking, FaultPoint.ServiceAnswered, FaultPoint.GapsWriting, FaultPoint.GapsFilling, FaultPoint.GapsFilled];

    private const int Records = 1_400;
    private const int BatchOfFills = 1_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dies_at_every_step_and_each_row_is_there_once_and_filled_once()
    {
        OneForm.SkipUnlessItsTurn(nameof(EnrichmentDeathTests));
        await using StubService stub = new(ServiceProcess.FreePort());
        await using DyingService service = new(
            database.ConnectionString, ("Enrich__Services__geo__Url", stub.Address), ("Enrich__Services__geo__Retries", "0"),
            ("Enrich__Services__geo__PerSecond", "10000"));
        await service.StartAsync("");
        await service.DeclareAsync("waiting", Definition("waiting", "wait", "chunk"));
        await service.DeclareAsync("gaped", Definition("gaped", "null", "job"));

        await service.StartAsync($"{FaultPoint.ServiceAsking}:kill:2");
        Task<Guid> waiting = service.Sender.SendAsync(SampleOf("waiting"), Token);
        await service.DiesAsync();
        await service.StartAsync($"{FaultPoint.ServiceAnswered}:kill:2");
        await service.DiesAsync();

        stub.Mood = "garbage"; // no outage: it is answered at once, and opens no circuit
        await service.StartAsync($"{FaultPoint.GapsWriting}:kill:2");
        await Task.WhenAny(waiting, service.Process.WaitForExitAsync(Token));
        Task<Guid> gaped = service.Sender.SendAsync(SampleOf("gaped"), Token);
        await service.DiesAsync();
        await service.StartAsync($"{FaultPoint.GapsFilling}:kill:1");
        Guid job = await gaped;
        await service.Sender.WaitUntilFinalAsync(job, Token);
        await AssertAsync(Records, $"SELECT gaps FROM pipeline.jobs WHERE id = '{job}'");
        await AssertAsync(Records, $"SELECT count(*) FROM pipeline.enrichment_gaps WHERE job_id = '{job}' AND state = 'open'");
        await AssertAsync(Records, "SELECT count(*) FROM gaped WHERE city IS NULL");

        stub.Mood = "well";
        await service.AskAsync(HttpMethod.Post, $"/v1/jobs/{job}/fill-gaps", "{}");
        await service.DiesAsync();

        await AssertAsync(0, "SELECT count(*) FROM gaped WHERE city IS NOT NULL");
        await service.StartAsync($"{FaultPoint.GapsFilled}:kill:1");
        await service.DiesAsync();
        await AssertAsync(BatchOfFills, "SELECT count(*) FROM gaped WHERE city IS NOT NULL");
        await AssertAsync(BatchOfFills, "SELECT count(*) FROM pipeline.enrichment_gaps WHERE state = 'filled'");

        await service.StartAsync("");
        await BoundedWait.UntilAsync(
            "the gaps to be filled",
            async () => await database.ScalarAsync<long>($"SELECT gaps FROM pipeline.jobs WHERE id = '{job}'") == 0);
        await service.Sender.WaitUntilFinalAsync(await waiting, Token);
        foreach (string table in (string[])["waiting", "gaped"])
        {
            await AssertAsync(Records, $"SELECT count(*) FROM {table}");
            await AssertAsync(Records, $"SELECT count(DISTINCT (_job_id, _record)) FROM {table} WHERE city = 'city of ' || ip");
        }
    }

    private static string Definition(string dataset, string unavailable, string commit) => $$"""
        { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "ip", "type": "string" } ] },
          "load": { "table": "public.{{dataset}}", "commit": "{{commit}}" },
          "transforms": [ { "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/city" },
                            "unavailable": "{{unavailable}}" } ] }
        """;

    private async Task AssertAsync(long expected, string sql) => Assert.Equal(expected, await database.ScalarAsync<long>(sql));

    private static Sample SampleOf(string dataset)
    {
        StringBuilder body = new("id,ip\n");
        for (int i = 1; i <= Records; i++)
        {
            body.Append(CultureInfo.InvariantCulture, $"{i},{dataset} {i}\n");
        }

        return new Sample(dataset, $"{dataset}-key", Encoding.UTF8.GetBytes(body.ToString()), Records, Records, Filtered: 0, Digest: "");
    }
}
