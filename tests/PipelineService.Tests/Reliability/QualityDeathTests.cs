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

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dies_at_every_step_of_a_hold_and_in_a_profiled_load_and_loses_nothing()
    {
        OneForm.SkipUnlessItsTurn(nameof(QualityDeathTests));
        await using DyingService service = new(database.ConnectionString);

        // A bound of its own: it needs no jobs before.
        await service.StartAsync($"{FaultPoint.JobHolding}:kill:1");
        await service.DeclareAsync(
            "held", Definition("held", "job", """, "quality": { "onBreach": "hold", "rules": [ { "metric": "rows", "max": 10 } ] }"""));
        Task<Guid> held = service.Sender.SendAsync(SampleOf("held"), Token);
        await service.DiesAsync();
        await service.StartAsync($"{FaultPoint.JobHeld}:kill:1");
        await service.DiesAsync();
        await service.StartAsync($"{FaultPoint.DecisionWriting}:kill:1");
        Guid job = await held;
        await AssertHeldAsync(job);
        await service.AskAsync(HttpMethod.Post, $"/v1/jobs/{job}/approve");
        await service.DiesAsync();
        await service.StartAsync($"{FaultPoint.DecisionWritten}:kill:1");
        await AssertHeldAsync(job);
        await service.AskAsync(HttpMethod.Post, $"/v1/jobs/{job}/approve");
        await service.DiesAsync();
        await service.StartAsync("");
        await service.Sender.WaitUntilFinalAsync(job, Token);
        string approved = "state = 'succeeded' AND quality #>> '{decision,outcome}' = 'approved'";
        await AssertAsync(1, $"SELECT count(*) FROM pipeline.jobs WHERE id = '{job}' AND {approved}");
        await AssertAsync(1, $"SELECT count(*) FROM pipeline.events WHERE job_id = '{job}' AND type = 'quality.breach'");
        await AssertAsync(1, $"SELECT count(*) FROM pipeline.audit WHERE action = 'job.approve' AND object = 'job/{job}'");

        // Chunk by chunk, so that a later attempt goes on with what an earlier one has committed.
        await service.StartAsync($"{FaultPoint.Committed}:kill:3");
        await service.DeclareAsync("parts", Definition("parts", "chunk", rules: ""));
        Guid profiled;
        await using (await TableLock.TakeAsync(database, "parts"))
        {
            profiled = await service.Sender.SendAsync(SampleOf("parts"), Token);
        }

        await service.DiesAsync();
        await service.StartAsync("");
        await service.Sender.WaitUntilFinalAsync(profiled, Token);
        await AssertAsync(1, $"SELECT count(*) FROM pipeline.jobs WHERE id = '{profiled}' AND epoch > 1");
        foreach ((string table, Guid id) in new[] { ("held", job), ("parts", profiled) })
        {
            await AssertAsync(Records, $"SELECT count(DISTINCT _record) FROM {table}");
            await AssertAsync(Records, $"SELECT count(*) FROM {table}");
            JsonNode profile = JsonNode.Parse(await service.Http.GetStringAsync(new Uri($"/v1/jobs/{id}/profile", UriKind.Relative), Token))!;
            Assert.Equal((Records, 1), ((int)profile["rows"]!, (double)profile["coverage"]!));
            Assert.Equal($"{(long)Records * (Records + 1) / 2}", (string)profile["columns"]![0]!["sum"]!);
        }

        await AssertAsync(0, "SELECT count(*) FROM pipeline.job_profile_parts");
    }

    private static string Definition(string dataset, string commit, string rules) => $$"""
        { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "name", "type": "string" } ] },
          "load": { "table": "public.{{dataset}}", "commit": "{{commit}}" }, "profile": true{{rules}} }
        """;

    private async Task AssertHeldAsync(Guid job)
    {
        await BoundedWait.UntilAsync("the job to be held", async () =>
            await database.ScalarAsync<string>($"SELECT waiting_for FROM pipeline.jobs WHERE id = '{job}'") == "approval");
        await AssertAsync(0, "SELECT count(*) FROM held");
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
