using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The service dies while it holds a job, while it writes down what somebody decided on it, and in the middle of a load that is profiled:
/// every row is there once, none that was not approved, and the profile is of all of them.
/// </summary>
public sealed class QualityDeathTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    /// <summary>The points that only such jobs come to; the datasets of the other tests have no rules.</summary>
    internal static readonly ImmutableArray<FaultPoint> Points =
        [FaultPoint.JobHolding, FaultPoint.JobHeld, FaultPoint.DecisionWriting, FaultPoint.DecisionWritten];

    private const int Records = 4_000;

    [Fact]
    public async Task Dies_at_every_step_of_a_hold_and_in_a_profiled_load_and_loses_nothing()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using TemporaryFolder folder = new();
        int port = ServiceProcess.FreePort();
        using Sender sender = new(port);
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        ServiceProcess? process = null;
        try
        {
            // A bound of its own: it needs no jobs before.
            await StartAsync($"{FaultPoint.JobHolding}:kill:1");
            await DeclareAsync("held", "job", """{ "onBreach": "hold", "rules": [ { "metric": "rows", "max": 10 } ] }""");
            Task<Guid> held = sender.SendAsync(SampleOf("held"), token);
            await DiesAsync();
            await StartAsync($"{FaultPoint.JobHeld}:kill:1");
            await DiesAsync();
            await StartAsync($"{FaultPoint.DecisionWriting}:kill:1");
            Guid job = await held;
            await AssertHeldAsync(job);
            await DecideAsync(job);
            await DiesAsync();
            await StartAsync($"{FaultPoint.DecisionWritten}:kill:1");
            await AssertHeldAsync(job);
            await DecideAsync(job);
            await DiesAsync();
            await StartAsync("");
            await sender.WaitUntilFinalAsync(job, token);
            string approved = "state = 'succeeded' AND quality #>> '{decision,outcome}' = 'approved'";
            await AssertAsync(1, $"SELECT count(*) FROM pipeline.jobs WHERE id = '{job}' AND {approved}");
            await AssertAsync(1, $"SELECT count(*) FROM pipeline.events WHERE job_id = '{job}' AND type = 'quality.breach'");
            await AssertAsync(1, $"SELECT count(*) FROM pipeline.audit WHERE action = 'job.approve' AND object = 'job/{job}'");

            // Chunk by chunk, so that a later attempt goes on with what an earlier one has committed.
            await StartAsync($"{FaultPoint.Committed}:kill:3");
            await DeclareAsync("parts", "chunk", quality: null);
            Guid profiled;
            await using (await TableLock.TakeAsync(database, "parts"))
            {
                profiled = await sender.SendAsync(SampleOf("parts"), token);
            }

            await DiesAsync();
            await StartAsync("");
            await sender.WaitUntilFinalAsync(profiled, token);
            await AssertAsync(1, $"SELECT count(*) FROM pipeline.jobs WHERE id = '{profiled}' AND epoch > 1");
            foreach ((string table, Guid id) in new[] { ("held", job), ("parts", profiled) })
            {
                await AssertAsync(Records, $"SELECT count(DISTINCT _record) FROM {table}");
                await AssertAsync(Records, $"SELECT count(*) FROM {table}");
                JsonNode profile = JsonNode.Parse(await http.GetStringAsync(new Uri($"/v1/jobs/{id}/profile", UriKind.Relative), token))!;
                Assert.Equal((Records, 1), ((int)profile["rows"]!, (double)profile["coverage"]!));
                Assert.Equal($"{(long)Records * (Records + 1) / 2}", (string)profile["columns"]![0]!["sum"]!);
            }

            await AssertAsync(0, "SELECT count(*) FROM pipeline.job_profile_parts");
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
                ("Spool__ChunkBytes", "4096"));
            await process.WaitUntilReadyAsync(token);
        }

        Task DiesAsync() => process!.WaitForExitAsync(token).Within("the service to die");

        async Task DecideAsync(Guid job)
        {
            try
            {
                using HttpResponseMessage answer = await http.PostAsync(
                    new Uri($"/v1/jobs/{job}/approve", UriKind.Relative), content: null, token);
            }
            catch (HttpRequestException)
            {
                // It died before it could answer.
            }
        }

        async Task AssertHeldAsync(Guid job)
        {
            await BoundedWait.UntilAsync("the job to be held", async () =>
                await database.ScalarAsync<string>($"SELECT waiting_for FROM pipeline.jobs WHERE id = '{job}'") == "approval");
            await AssertAsync(0, "SELECT count(*) FROM held");
        }

        async Task DeclareAsync(string dataset, string commit, string? quality)
        {
            string rules = quality is null ? "" : $", \"quality\": {quality}";
            using StringContent body = new($$"""
                { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "name", "type": "string" } ] },
                  "load": { "table": "public.{{dataset}}", "commit": "{{commit}}" }, "profile": true{{rules}} }
                """, Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await http.PutAsync(new Uri($"/v1/datasets/{dataset}", UriKind.Relative), body, token);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(token));
        }
    }

    private async Task AssertAsync(long expected, string sql) => Assert.Equal(expected, await database.ScalarAsync<long>(sql));

    private static Sample SampleOf(string dataset)
    {
        StringBuilder body = new("id,name\n");
        for (int i = 1; i <= Records; i++)
        {
            body.Append(CultureInfo.InvariantCulture, $"{i},{dataset} {i}\n");
        }

        return new Sample(dataset, $"{dataset}-key", Encoding.UTF8.GetBytes(body.ToString()), Records, Records, Filtered: 0, Digest: "");
    }
}
