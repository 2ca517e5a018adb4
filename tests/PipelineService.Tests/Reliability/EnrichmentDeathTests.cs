using System.Collections.Immutable;
using System.Globalization;
using System.Net.Http.Json;
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

    [Fact]
    public async Task Dies_at_every_step_and_each_row_is_there_once_and_filled_once()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using TemporaryFolder folder = new();
        await using StubService stub = new(ServiceProcess.FreePort());
        int port = ServiceProcess.FreePort();
        using Sender sender = new(port);
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        ServiceProcess? process = null;
        try
        {
            await StartAsync("");
            await DeclareAsync("waiting", "wait", "chunk");
            await DeclareAsync("gaped", "null", "job");

            await StartAsync($"{FaultPoint.ServiceAsking}:kill:2");
            Task<Guid> waiting = sender.SendAsync(SampleOf("waiting"), token);
            await DiesAsync();
            await StartAsync($"{FaultPoint.ServiceAnswered}:kill:2");
            await DiesAsync();

            stub.Mood = "garbage"; // no outage: it is answered at once, and opens no circuit
            await StartAsync($"{FaultPoint.GapsWriting}:kill:2");
            await Task.WhenAny(waiting, process!.WaitForExitAsync(token));
            Task<Guid> gaped = sender.SendAsync(SampleOf("gaped"), token);
            await DiesAsync();
            await StartAsync($"{FaultPoint.GapsFilling}:kill:1");
            Guid job = await gaped;
            await sender.WaitUntilFinalAsync(job, token);
            await AssertAsync(Records, $"SELECT gaps FROM pipeline.jobs WHERE id = '{job}'");
            await AssertAsync(Records, $"SELECT count(*) FROM pipeline.enrichment_gaps WHERE job_id = '{job}' AND state = 'open'");
            await AssertAsync(Records, "SELECT count(*) FROM gaped WHERE city IS NULL");

            stub.Mood = "well";
            using (await http.PostAsJsonAsync(new Uri($"/v1/jobs/{job}/fill-gaps", UriKind.Relative), new { }, token))
            {
                await DiesAsync();
            }

            await AssertAsync(0, "SELECT count(*) FROM gaped WHERE city IS NOT NULL");
            await StartAsync($"{FaultPoint.GapsFilled}:kill:1");
            await DiesAsync();
            await AssertAsync(BatchOfFills, "SELECT count(*) FROM gaped WHERE city IS NOT NULL");
            await AssertAsync(BatchOfFills, "SELECT count(*) FROM pipeline.enrichment_gaps WHERE state = 'filled'");

            await StartAsync("");
            await BoundedWait.UntilAsync(
                "the gaps to be filled",
                async () => await database.ScalarAsync<long>($"SELECT gaps FROM pipeline.jobs WHERE id = '{job}'") == 0);
            await sender.WaitUntilFinalAsync(await waiting, token);
            foreach (string table in (string[])["waiting", "gaped"])
            {
                await AssertAsync(Records, $"SELECT count(*) FROM {table}");
                await AssertAsync(Records, $"SELECT count(DISTINCT (_job_id, _record)) FROM {table} WHERE city = 'city of ' || ip");
            }
        }
        finally
        {
            await (process?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        async Task StartAsync(string faults)
        {
            await (process?.DisposeAsync() ?? ValueTask.CompletedTask);
            process = ServiceProcess.Start(
                database.ConnectionString, Path.Combine(folder.Path, "spool"), port, (FaultPoints.Variable, faults),
                ("Enrich__Services__geo__Url", stub.Address), ("Enrich__Services__geo__Retries", "0"),
                ("Enrich__Services__geo__PerSecond", "10000"));
            await process.WaitUntilReadyAsync(token);
        }

        Task DiesAsync() => process!.WaitForExitAsync(token).Within("the service to die");

        async Task DeclareAsync(string dataset, string unavailable, string commit)
        {
            using StringContent body = new($$"""
                { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "ip", "type": "string" } ] },
                  "load": { "table": "public.{{dataset}}", "commit": "{{commit}}" },
                  "transforms": [ { "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/city" },
                                    "unavailable": "{{unavailable}}" } ] }
                """, Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await http.PutAsync(new Uri($"/v1/datasets/{dataset}", UriKind.Relative), body, token);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(token));
        }
    }

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
