using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Figures;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Access;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Figures;

/// <summary>What <c>GET /v1/stats</c> says is what the rows of jobs say: gathered or not yet, and only of what the caller may see.</summary>
public sealed class StatsTests(GuardedService running) : IClassFixture<GuardedService>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FigureStore Store => running.Service.Services.GetRequiredService<FigureStore>();

    [Theory]
    [InlineData("counted_jobs", "job")]
    [InlineData("counted_chunks", "chunk")]
    public async Task Figures_are_those_of_the_jobs_before_and_after_they_are_gathered(string dataset, string commit)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}, 'rejects': {{ 'maxCount': 3 }}"));
        JobView north = await LoadAsync(dataset, "north", Readings.Csv(20) + "bad,a,1\n,b,1\n7,c,warm\n");
        JobView south = await LoadAsync(dataset, "south", Readings.Csv(5));
        JobView failed = await LoadAsync(dataset, "south", Readings.Csv(1) + "bad,a,x\nbad,b,x\nbad,c,x\nbad,d,x\n");
        Assert.Equal((JobState.PartiallySucceeded, JobState.Failed), (north.State, failed.State));

        JsonNode fresh = await StatsAsync($"by=source&dataset={dataset}");
        await GatherAsync();
        JsonNode gathered = await StatsAsync($"by=source&dataset={dataset}");

        Assert.Equal(fresh["groups"]!.ToJsonString(), gathered["groups"]!.ToJsonString());
        JsonNode[] groups = [.. gathered["groups"]!.AsArray().Select(group => group!)];
        Assert.Equal(["north", "south"], groups.Select(group => (string)group["source"]!));
        JsonNode total = groups[0]["total"]!;
        Assert.Equal("{\"read\":23,\"loaded\":20,\"rejected\":3,\"filtered\":0}", total["records"]!.ToJsonString());
        Assert.Equal((1, north.Upload.Bytes), ((int)total["jobs"]!, (long)total["bytes"]!));
        Assert.Equal(Math.Round(3 / 23d, 6), (double)total["errorRate"]!);
        Assert.Equal(
            "[{\"code\":\"type_mismatch\",\"records\":2},{\"code\":\"required\",\"records\":1}]", total["rejects"]!.ToJsonString());
        Assert.InRange((double)total["latencySeconds"]!["p50"]!, 0.001, 60);
        JsonNode other = groups[1]["total"]!;
        Assert.Equal((2, 1), ((int)other["jobs"]!, (int)other["jobsFailed"]!));
        Assert.Equal(
            (south.Records.Loaded + failed.Records.Loaded, failed.Records.Rejected),
            ((long)other["records"]!["loaded"]!, (long)other["records"]!["rejected"]!));
        Assert.Equal(
            groups.Sum(group => (long)group["total"]!["records"]!["read"]!),
            groups.SelectMany(group => group["steps"]!.AsArray()).Sum(step => (long)step!["figures"]!["records"]!["read"]!));
    }

    /// <summary>What is reverted stays counted as loaded then, and is counted as reverted now; so is what gives way and comes back.</summary>
    [Fact]
    public async Task What_is_reverted_or_replaced_has_a_figure_of_its_own()
    {
        await running.Api.DeclareAsync("counted_back", """
            { 'schema': { 'fields': [ { 'name': 'id', 'type': 'integer' }, { 'name': 'name', 'type': 'string' }, { 'name': 'amount', 'type': 'number' } ],
                          'primaryKey': ['id'] },
              'load': { 'mode': 'replace' }, 'lookup': { 'key': ['id'] } }
            """);
        await running.Api.LoadAsync("counted_back", Readings.Csv(4));
        JobView second = await running.Api.LoadAsync("counted_back", Readings.Csv(3));
        Assert.Equal((7, 4), await BackAsync());

        Assert.Equal(HttpStatusCode.OK, (await running.Api.RevertAsync(second.Id)).Status);

        Assert.Equal((7, 3), await BackAsync()); // four came back, three went
        Assert.Equal(HttpStatusCode.NoContent, (await running.Api.DeleteAsync($"/v1/jobs/{second.Id}")).Status);
        Assert.Equal((7, 3), await BackAsync());

        async Task<(long Loaded, long Reverted)> BackAsync()
        {
            JsonNode total = (await StatsAsync("dataset=counted_back"))["groups"]![0]!["total"]!;
            return ((long)total["records"]!["loaded"]!, (long)total["rowsReverted"]!);
        }
    }

    /// <summary>The rest of a job whose chunks were committed before it ends is what they do not say.</summary>
    [Fact]
    public async Task Chunks_count_in_the_minutes_in_which_they_were_committed()
    {
        await running.Api.DeclareAsync("counted_stream", Readings.Definition("'load': { 'commit': 'chunk' }"));
        JobView job = await running.Api.LoadAsync("counted_stream", Readings.Csv(10));
        var other = Guid.CreateVersion7();
        string copied = string.Create(CultureInfo.InvariantCulture, $"""
            INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, created_at, started_at, spool)
            SELECT '{other}', dataset, 1, 'running', content_type, now() - interval '10 min', now() - interval '10 min', gen_random_uuid()
            FROM pipeline.jobs WHERE id = '{job.Id}';
            INSERT INTO pipeline.job_chunks (job_id, start_offset, end_offset, first_record, first_line, lines, read, loaded, rejected, filtered, epoch, committed_at)
            VALUES ('{other}', 0, 9, 1, 1, 5, 5, 4, 1, 0, 1, now() - interval '5 min'), ('{other}', 9, 19, 6, 6, 7, 7, 7, 0, 0, 1, now() - interval '3 min')
            """);
        await running.Database.ExecuteAsync(copied);
        Assert.Equal([(5, 0), (7, 0), (10, 1)], await StepsAsync());

        await running.Database.ExecuteAsync($"""
            UPDATE pipeline.jobs SET state = 'partially_succeeded', finished_at = now(), records_read = 14, records_loaded = 13, records_rejected = 1
            WHERE id = '{other}'
            """);

        Assert.Equal([(5, 0), (7, 0), (12, 2)], await StepsAsync());
        await GatherAsync();
        Assert.Equal([(5, 0), (7, 0), (12, 2)], await StepsAsync());

        // The last two minutes as one: the clock may go on to the next in between.
        async Task<(long Read, long Jobs)[]> StepsAsync() =>
        [
            .. (await StatsAsync("dataset=counted_stream"))["groups"]![0]!["steps"]!.AsArray()
                .Select(step => (At: (DateTimeOffset)step!["at"]!, Read: (long)step["figures"]!["records"]!["read"]!, Jobs: (long)step["figures"]!["jobs"]!))
                .GroupBy(step => TimeProvider.System.GetUtcNow() - step.At < TimeSpan.FromMinutes(2.5) ? DateTimeOffset.MaxValue : step.At)
                .Select(group => (group.Sum(step => step.Read), group.Sum(step => step.Jobs))),
        ];
    }

    [Fact]
    public async Task Nobody_is_told_of_what_is_another_s()
    {
        Api acme = await running.MakeDatasetAsync("acme_counted", "acme");
        Api globex = await running.MakeDatasetAsync("globex_counted", "globex");
        (string plain, _) = await running.MakeKeyAsync("counted by source", "ingest read", ", 'tenant': 'acme', 'source': 'north'");
        (string narrow, _) = await running.MakeKeyAsync("counted by name", "read", ", 'datasets': ['globex_*']");
        await acme.LoadAsync("acme_counted", Readings.Csv(1));
        await globex.LoadAsync("globex_counted", Readings.Csv(2));
        await running.With(plain).LoadAsync("acme_counted", Readings.Csv(4));

        Assert.Equal(["acme_counted 5"], await SeenAsync(acme));
        Assert.Equal(["globex_counted 2"], await SeenAsync(globex));
        Assert.Equal(["acme_counted 4"], await SeenAsync(running.With(plain)));
        Assert.Equal(["globex_counted 2"], await SeenAsync(running.With(narrow)));
        Assert.Empty(await SeenAsync(running.With(narrow), "&dataset=acme_counted"));
        Assert.Empty(await SeenAsync(running.With(plain), "&source="));

        static async Task<IEnumerable<string>> SeenAsync(Api api, string more = "") =>
            JsonNode.Parse((await api.GetAsync($"/v1/stats?by=dataset&limit=100{more}")).Body)!["groups"]!.AsArray()
                .Select(group => $"{group!["dataset"]} {group["total"]!["records"]!["read"]}").Order();
    }

    [Theory]
    [InlineData("by=colour", "/by")]
    [InlineData("step=PT90S", "/step")]
    [InlineData("step=PT0M", "/step")]
    [InlineData("step=P1Y", "/step")]
    [InlineData("from=yesterday", "/from")]
    [InlineData("from=2026-01-02&to=2026-01-01", "/from")]
    [InlineData("from=2026-01-01&to=2026-02-02", "/from")]
    [InlineData("from=0001-01-01&to=9999-12-31T23:59:59.9Z", "/from")]
    [InlineData("from=2026-01-01&to=2026-01-03&by=source", "/step")]
    [InlineData("limit=0", "/limit")]
    [InlineData("limit=1001", "/limit")]
    [InlineData("dataset=no%20name", "/dataset")]
    [InlineData("sauce=acme", "/sauce")]
    public async Task What_cannot_be_told_is_refused(string query, string fault)
    {
        ApiAnswer answer = await running.Api.GetAsync("/v1/stats?" + query);

        Assert.Equal((HttpStatusCode.BadRequest, "malformed_query"), (answer.Status, answer.Problem.Code));
        Assert.Equal([fault], answer.Problem.Errors!.Keys);
    }

    [Fact]
    public async Task More_groups_than_are_wanted_are_cut_to_the_largest()
    {
        await running.Api.DeclareAsync("counted_many", Readings.Definition());
        foreach (int records in new[] { 1, 3, 2 })
        {
            await LoadAsync("counted_many", $"s{records}", Readings.Csv(records));
        }

        JsonNode two = await StatsAsync("by=dataset,source&dataset=counted_many&limit=2&step=PT5M");

        Assert.Equal(["counted_many s3", "counted_many s2"], two["groups"]!.AsArray().Select(group => $"{group!["dataset"]} {group["source"]}"));
        Assert.Equal((true, "PT5M"), ((bool)two["truncated"]!, (string)two["step"]!));
        Assert.False((bool)(await StatsAsync("by=source&dataset=counted_many&limit=3"))["truncated"]!);
    }

    [Fact]
    public async Task Old_minutes_go_and_others_stay()
    {
        await running.Database.ExecuteAsync("""
            INSERT INTO pipeline.usage_entries (minute, dataset, source, tenant, jobs, latency, rejects)
            SELECT date_trunc('minute', now()) - age, 'counted_old', '', '', 1, 8, '{"groups": [{"code": "required", "records": 1}], "other": 2}'
            FROM unnest(ARRAY['89 days', '91 days', '92 days']::interval[]) age
            """);
        await GatherAsync();

        long gone = await running.Service.Services.GetRequiredService<FigureCleaner>().CleanAsync(Token);

        Assert.Equal(8, gone); // two minutes, two codes and one latency of each
        Assert.Equal(1, await running.Database.ScalarAsync<long>("SELECT count(*) FROM pipeline.usage_minutes WHERE dataset = 'counted_old'"));
    }

    [Theory]
    [InlineData("0.2 ms", 0)]
    [InlineData("1 ms", 0)]
    [InlineData("1.01 ms", 1)]
    [InlineData("2 ms", 4)]
    [InlineData("1 s", 40)]
    [InlineData("1000 days", 127)]
    public async Task Latencies_lie_within_the_bounds_of_their_buckets(string duration, short bucket)
    {
        Assert.Equal(bucket, await running.Database.ScalarAsync<short>($"SELECT pipeline.latency_bucket('{duration}'::interval)"));
        Assert.True(bucket == 127 || StatsBuilder.BoundOf(bucket) >= 0.001);
    }

    /// <summary>The service gathers by itself, too: until nothing is left, whoever does it.</summary>
    private Task GatherAsync() => BoundedWait.UntilAsync("figures to be gathered", async () =>
    {
        await Store.GatherAsync(Token);
        return await running.Database.ScalarAsync<long>("SELECT count(*) FROM pipeline.usage_entries") == 0;
    });

    private async Task<JsonNode> StatsAsync(string query)
    {
        ApiAnswer answer = await running.Api.GetAsync("/v1/stats?" + query);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return JsonNode.Parse(answer.Body)!;
    }

    private async Task<JobView> LoadAsync(string dataset, string source, string body)
    {
        using StringContent content = new(body, encoding: null, "text/csv");
        return await running.Api.WhenFinalAsync(
            (await running.Api.PostAsync($"/v1/datasets/{dataset}/uploads?source={source}", content, ("Prefer", "wait=30"))).Job.Id);
    }
}
