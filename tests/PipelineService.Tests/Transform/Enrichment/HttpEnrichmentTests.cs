using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Gaps;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Transform.Enrichment;

/// <summary>Datasets that ask a service over HTTP, from their declaration to rows, gaps and dead letters.</summary>
public sealed class HttpEnrichmentTests(HttpEnrichmentTests.Service service) : IClassFixture<HttpEnrichmentTests.Service>, IAsyncLifetime
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "ip", "type": "string" }""";

    /// <summary>Whatever the test before has made of it.</summary>
    public async ValueTask InitializeAsync()
    {
        service.Stub.Mood = "well";
        await service.Api.WhenHealthyAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A service that is asked, in a service with chunks of some kilobytes.</summary>
    public sealed class Service(PostgresServer server) : LoadingService(server)
    {
        internal StubService Stub { get; } = new(ServiceProcess.FreePort());

        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            .. base.Settings, ("Enrich:Services:geo:Url", Stub.Address), ("Enrich:Services:geo:Secret", "GEO"),
            ("Enrich:Secrets:GEO", "Bearer s3cret"), ("Enrich:Services:geo:Retries", "0"), ("Enrich:Services:geo:Timeout", "00:00:30"),
            ("Enrich:Services:geo:AnswerBytesMax", "100000"), ("Enrich:Services:geo:PerSecond", "1000"), ("Jobs:PollInterval", "00:00:00.1"),
        ];

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await Stub.DisposeAsync();
        }
    }

    [Fact]
    public async Task Records_take_what_the_service_answers_and_each_thing_is_asked_once()
    {
        await DeclareAsync("asked", ", \"missing\": \"null\"");
        int before = service.Stub.Calls.Count;
        string records = string.Concat(Enumerable.Range(0, 1_000).Select(i => $"{i},a{i % 50}\n"));

        JobView job = await service.LoadAsync("asked", $"id,ip\n{records}1000,unknown1\n1001,\n1002,faulty1\n");

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(1_003, 1_002, 1, 0)), (job.State, job.Records));
        Assert.Equal(new TransformView(0, "http", null, 1), Assert.Single(job.Transforms));
        Assert.Equal(
            ["1000"], await service.RowsAsync("SELECT count(*)::text FROM asked WHERE city = 'city of ' || ip AND lat = 1.50"));
        string[] keys = [.. service.Stub.Calls.Skip(before).SelectMany(call => call)];
        Assert.Equal(keys.Distinct().Order(), keys.Order());
        Assert.Equal(52, keys.Length);
        Assert.Equal("Bearer s3cret", service.Stub.Secret);
        Assert.Equal(
            ["""ip enrichment_failed 0 faulty1 {"ip": "faulty1"} no such key: faulty1"""],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', e->>'field', e->>'code', e->>'op', e->>'value', e->>'inputs', e->>'answer')
                FROM pipeline.dead_letters, jsonb_array_elements(errors) e WHERE job_id = '{job.Id}'
                """));
    }

    /// <summary>A wrong answer rejects what asked for it and nothing else, has its code, shows how it began, and is not remembered.</summary>
    [Theory]
    [InlineData("garbage", "enrichment_malformed", "<html>Bad gateway</html>")]
    [InlineData("wrong ids", "enrichment_wrong_ids", """{"items":[{"id":4711,"output":{"city":"Nowhere"}}]}""")]
    [InlineData("few ids", "enrichment_wrong_ids", "~")]
    [InlineData("huge", "enrichment_too_large", "")]
    [InlineData("refusing", "enrichment_status", "400 refusing")]
    public async Task A_wrong_answer_costs_those_who_asked_for_it(string mood, string code, string answer)
    {
        string name = $"wrong_{mood.Replace(' ', '_')}";
        await DeclareAsync(name, ", \"unavailable\": \"reject\"");
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync(name, $"id,ip\n1,known of {name}\n")).State);

        service.Stub.Mood = mood;
        JobView job = await service.LoadAsync(name, $"id,ip\n1,known of {name}\n2,new of {name}\n3,\n");
        service.Stub.Mood = "well";

        Assert.Equal(new RecordsView(3, 2, 1, 0), job.Records);
        Assert.Equal(
            [$"2 {code} {answer}".TrimEnd()],
            await service.RowsAsync($"""
                SELECT rtrim(concat_ws(' ', record, errors->0->>'code', btrim(coalesce(errors->0->>'answer', '~'), ' …')))
                FROM pipeline.dead_letters WHERE job_id = '{job.Id}'
                """));
        await service.Api.WhenHealthyAsync();
        job = await service.LoadAsync(name, $"id,ip\n4,new of {name}\n");
        Assert.Equal((JobState.Succeeded, 1), (job.State, job.Records.Loaded));
    }

    /// <summary>
    /// The job waits without anything that others need: those of its table that ask nobody, and those that ask for what is remembered, get
    /// on. When the service answers again, so does it.
    /// </summary>
    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task A_job_waits_for_the_service_and_holds_nobody_up(string commit)
    {
        string name = $"waiting_{commit}";
        await DeclareAsync(name, commit: commit);
        await service.LoadAsync(name, "id,ip\n0,known\n");
        await service.DeclareAsync($"{name}_plain", Fields, rest: "", commit: commit);
        string[] records = [.. Enumerable.Range(1, 2_000).Select(i => $"{i},{(i < 1_000 ? "known" : $"late {i} {commit}")}")];

        service.Stub.Mood = "away";
        Guid id = (await service.Api.UploadAsync(name, $"id,ip\n{string.Join('\n', records)}\n")).Job.Id;
        JobView waiting = await service.Api.WhenAsync(id, "waiting", job => job.WaitingFor == "enrichment:geo");

        Assert.Equal(0, waiting.Records.Rejected);
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync($"{name}_plain", "id,ip\n1,a\n")).State);
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync(name, "id,ip\n0,known\n")).State);
        Assert.Equal(
            ["0"],
            await service.RowsAsync($"""
                SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'pipeline job {id}' AND state <> 'idle'
                """));
        string health = (await service.Api.GetAsync("/health/ready")).Body;
        Assert.Contains("geo (enrichment_status)", health, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await service.Api.GetAsync("/health/ready")).Status);

        service.Stub.Mood = "well";
        JobView done = await service.Api.WhenFinalAsync(id);
        Assert.Equal((JobState.Succeeded, new RecordsView(2_000, 2_000, 0, 0)), (done.State, done.Records));
        Assert.Equal(
            ["2000"],
            await service.RowsAsync($"SELECT count(DISTINCT _record)::text FROM {name} WHERE _job_id = '{id}' AND city = 'city of ' || ip"));
    }

    [Fact]
    public async Task Rows_that_lack_an_answer_are_told_and_filled()
    {
        await DeclareAsync("gaped", ", \"unavailable\": \"null\", \"missing\": \"null\"", load: "\"keepUpload\": \"PT1H\"");
        service.Stub.Mood = "away";
        string records = string.Concat(Enumerable.Range(1, 1_500).Select(i => $"{i},{(i % 100 == 0 ? "" : i % 7 == 0 ? $"unknown {i}" : $"gap {i}")}\n"));
        JobView job = await service.LoadAsync("gaped", $"id,ip\n{records}");
        service.Stub.Mood = "well";

        Assert.Equal((JobState.Succeeded, 1_500, 1_485), (job.State, job.Records.Loaded, job.Gaps));
        Assert.Equal(1_485, Assert.Single(job.Transforms).Records);
        GapPage page = (await service.Api.GetAsync($"/v1/jobs/{job.Id}/gaps?limit=3")).Read<GapPage>();
        Assert.Equal([(1, "open"), (2, "open"), (3, "open")], page.Items.Select(gap => ((int)gap.Record, gap.State)));
        page = (await service.Api.GetAsync($"/v1/jobs/{job.Id}/gaps?limit=1&cursor={page.NextCursor}")).Read<GapPage>();
        Assert.Equal(4, Assert.Single(page.Items).Record);
        await service.Database.ScalarAsync<int>("WITH gone AS (DELETE FROM gaped WHERE id = 17 RETURNING 1) SELECT count(*)::int FROM gone");
        await service.Database.ScalarAsync<int>("WITH lost AS (UPDATE gaped SET id = id WHERE id = 18 RETURNING 1) SELECT count(*)::int FROM lost");
        await service.Api.WhenHealthyAsync();

        ApiAnswer asked = await service.Api.PostAsync($"/v1/jobs/{job.Id}/fill-gaps");
        Assert.Equal((HttpStatusCode.Accepted, 1_485), (asked.Status, asked.Read<GapsRequested>().Requested));
        await BoundedWait.UntilAsync("the gaps to be filled", async () =>
            (await service.Api.GetAsync($"/v1/jobs/{job.Id}/gaps?state=requested")).Read<GapPage>().Items.Count == 0);

        Assert.Equal(
            ["filled 1484", "gone 1"],
            await service.RowsAsync($"SELECT state || ' ' || count(*) FROM pipeline.enrichment_gaps WHERE job_id = '{job.Id}' GROUP BY state ORDER BY 1"));
        Assert.Equal(
            ["1272 227 1499"],
            await service.RowsAsync("""
                SELECT concat_ws(' ', count(*) FILTER (WHERE city = 'city of ' || ip AND lat = 1.50), count(*) FILTER (WHERE city IS NULL), count(*))
                FROM gaped
                """));
        Assert.Equal(0, (await service.Api.GetAsync($"/v1/jobs/{job.Id}")).Job.Gaps);
        Assert.Equal(0, (await service.Api.PostAsync($"/v1/jobs/{job.Id}/fill-gaps")).Read<GapsRequested>().Requested);
        Assert.Equal(
            ["1"], await service.RowsAsync($"SELECT count(*)::text FROM pipeline.audit WHERE action = 'gaps.fill' AND object = 'job/{job.Id}'"));
    }

    /// <summary>What a service answers is scored, and what comes of that is asked of it again: each in the order of the list.</summary>
    [Fact]
    public async Task A_service_and_a_model_give_to_each_other()
    {
        using ByteArrayContent model = new(OnnxWriter.Linear(1, [2]));
        Assert.True((int)(await service.Api.PutAsync("/v1/models/rate", model)).Status < 300);
        await service.DeclareAsync("rated", Fields, "chunk", rest: """
            , "transforms": [
              { "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "lat": "/geo/lat" }, "missing": "null",
                "into": [ { "name": "lat", "type": "number" } ] },
              { "op": "score", "model": "rate", "inputs": { "x": "lat" }, "set": { "risk": "y" } },
              { "op": "http", "service": "geo", "inputs": { "ip": "risk" }, "set": { "rated": "/city" } } ]
            """);
        string records = string.Concat(Enumerable.Range(0, 1_000).Select(i => $"{i},rated {i % 100}\n"));
        service.Stub.Mood = "away";
        Guid id = (await service.Api.UploadAsync("rated", $"id,ip\n{records}1000,unknown rate\n1001,faulty rate\n")).Job.Id;
        await service.Api.WhenAsync(id, "waiting", job => job.WaitingFor == "enrichment:geo");
        service.Stub.Mood = "well";

        JobView job = await service.Api.WhenFinalAsync(id);

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(1_002, 1_000, 2, 0)), (job.State, job.Records));
        Assert.Equal(["1000"], await service.RowsAsync("SELECT count(*)::text FROM rated WHERE lat = 1.5 AND risk = 4 AND rated = 'city of 4'"));
        Assert.Equal(
            ["1001 score_input_missing 1", "1002 enrichment_failed 0"],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', record, errors->0->>'code', errors->0->>'op') FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record
                """));
    }

    [Fact]
    public async Task What_holds_personal_data_is_not_shown_in_an_answer()
    {
        await service.DeclareAsync("hidden", Fields, rest: """
            , "transforms": [ { "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/city" }, "pii": true } ]
            """);
        JobView job = await service.LoadAsync("hidden", "id,ip\n1,faulty of Zx81\n");

        Assert.Equal(
            ["enrichment_failed [hidden]"],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', errors->0->>'code', errors->0->>'answer') FROM pipeline.dead_letters WHERE job_id = '{job.Id}'
                """));
    }

    private Task DeclareAsync(string name, string more = "", string commit = "job", string? load = null) => service.Api.DeclareAsync(name, $$"""
        { "schema": { "fields": [{{Fields}}] },
          "load": { "table": "public.{{name}}", "commit": "{{commit}}"{{(load is null ? "" : $", {load}")}} },
          "transforms": [ { "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/city", "lat": "/geo/lat" },
                            "into": [ { "name": "lat", "type": "number", "sqlType": "numeric(6,2)" } ]{{more}} } ] }
        """);
}

/// <summary>Waits of these tests.</summary>
internal static class ServiceWaits
{
    /// <summary>Waits until the circuit that a test has opened lets calls through again.</summary>
    public static Task WhenHealthyAsync(this Api api) => BoundedWait.UntilAsync(
        "the circuit to let calls through",
        async () => !(await api.GetAsync("/metrics")).Body.Contains("pipeline_enrichment_circuit{service=\"geo\"} 1", StringComparison.Ordinal));
}
