using System.Globalization;
using System.Net;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform.Enrichment;

/// <summary>Datasets that look others up, from their declaration to rows, counts and dead letters.</summary>
public sealed class LookupTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string ZoneFields = """
        { "name": "id", "type": "integer" }, { "name": "borough", "type": "string" }, { "name": "size", "type": "number", "sqlType": "numeric(10,3)" }
        """;

    private const string Zones = """
        id,borough,size
        1,Queens,1.500
        2,,2
        3,Bronx,

        """;

    private readonly Dictionary<(string Expression, int Number), string> _texts = [];

    private const string Trips = """
        id,zone
        1,1
        2,2
        3,3
        4,99
        5,
        6,x

        """;

    [Theory]
    [InlineData("job", 67_108_864)]
    [InlineData("chunk", 67_108_864)]
    [InlineData("job", 0)]
    [InlineData("chunk", 0)]
    public async Task Records_take_values_of_the_rows_that_they_name(string commit, long bytes)
    {
        string name = $"{commit}_{bytes}";
        await ZonesAsync($"zones_{name}", bytes);
        await service.DeclareAsync($"trips_{name}", """{ "name": "id", "type": "integer" }, { "name": "zone", "type": "integer" }""", commit, rest: $$"""
            , "transforms": [
              { "op": "lookup", "from": "zones_{{name}}", "match": { "id": "zone" }, "set": { "borough": "borough", "size": "size" }, "name": "zone" },
              { "op": "derive", "field": "twice", "type": "number", "expression": "size * 2" } ]
            """);

        JobView job = await service.LoadAsync($"trips_{name}", Trips);

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(6, 4, 2, 0)), (job.State, job.Records));
        Assert.Equal(
            ["1 1 Queens 1.500 3.000", "2 2 ~ 2.000 4.000", "3 3 Bronx ~ ~", "5 ~ ~ ~ ~"],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', id, coalesce(zone::text, '~'), coalesce(borough, '~'), coalesce(size::text, '~'), coalesce(twice::text, '~'))
                FROM trips_{name} ORDER BY id
                """));
        Assert.Equal(
            [
                $$$"""4 zone lookup_missing 0 99 {"zone": "99"} Dataset "zones_{{{name}}}" has no row of this "id".""",
                "6 zone type_mismatch ~ x ~ Not an integer: expected digits with an optional sign, such as -12.",
            ],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', record, e->>'field', e->>'code', coalesce(e->>'op', '~'), e->>'value', coalesce(e->>'inputs', '~'), e->>'message')
                FROM pipeline.dead_letters, jsonb_array_elements(errors) e WHERE job_id = '{job.Id}' ORDER BY record
                """));
        Assert.Equal([$"zones_{name}"], job.Lookups!.Keys);
        Assert.Equal(
            ["numeric(10,3)"],
            await service.RowsAsync($"""
                SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'trips_{name}'::regclass AND attname = 'size'
                """));
    }

    [Fact]
    public async Task Substitutions_are_counted_for_the_op()
    {
        await ZonesAsync("zones_counted");
        await service.DeclareAsync("trips_counted", """{ "name": "id", "type": "integer" }, { "name": "zone", "type": "integer" }""", rest: """
            , "transforms": [ { "op": "lookup", "from": "zones_counted", "match": { "id": "zone" }, "set": { "borough": "borough" }, "missing": "null" } ]
            """);

        JobView job = await service.LoadAsync("trips_counted", Trips);

        Assert.Equal(new TransformView(0, "lookup", null, 1), Assert.Single(job.Transforms));
        Assert.Equal(5, job.Records.Loaded);
    }

    /// <summary>
    /// On random tables and records the rows are those of a LEFT JOIN, with all rows in memory and with a query a chunk, for keys of every
    /// type and of several columns.
    /// </summary>
    [Theory]
    [InlineData("integer", "bigint", "a")]
    [InlineData("integer", "integer", "a")]
    [InlineData("string", "text", "'k' || a")]
    [InlineData("string", "varchar(20)", "repeat('ü', a % 5) || a")]
    [InlineData("string", "uuid", "md5(a::text)::uuid")]
    [InlineData("number", "numeric", "(a / 4.0)::numeric(10,2)")]
    [InlineData("number", "double precision", "a / 8.0::float8")]
    [InlineData("boolean", "boolean", "a % 2 = 0")]
    [InlineData("date", "date", "date '1995-01-01' + a * 40")]
    [InlineData("datetime", "timestamptz", "timestamptz '1999-12-31 23:59:59.999999Z' + a * interval '1 hour 1 microsecond'")]
    [InlineData("datetime", "timestamp", "timestamp '1999-12-31 12:00' + a * interval '7 minutes'")]
    public async Task Gives_what_a_join_gives(string type, string sqlType, string expression)
    {
        int seed = Random.Shared.Next();
        Random random = new(seed);
        string name = $"{type}_{sqlType.Split('(', ' ')[0]}";
        string key = $$"""{ "name": "k", "type": "{{type}}", "sqlType": "{{sqlType}}" }, { "name": "n", "type": "integer" }""";
        string values = """
            , { "name": "v_text", "type": "string" }, { "name": "v_number", "type": "number" }, { "name": "v_at", "type": "datetime" },
            { "name": "v_day", "type": "date" }, { "name": "v_yes", "type": "boolean" }, { "name": "v_json", "type": "object" }
            """;
        StringBuilder rows = new("k,n,v_text,v_number,v_at,v_day,v_yes,v_json\n");
        HashSet<(int, int)> there = [];
        for (int i = 0; i < 150; i++)
        {
            (int a, int n) = (random.Next(type == "boolean" ? 2 : 60), random.Next(4));
            if (there.Add((a, n)))
            {
                rows.Append(CultureInfo.InvariantCulture, $"{await TextAsync(expression, a)},{n},{Maybe(random, $"text {a}")},{Maybe(random, $"{a}.50")},")
                    .Append(CultureInfo.InvariantCulture, $"{Maybe(random, "2024-02-29T12:00:00Z")},{Maybe(random, "2024-02-29")},{Maybe(random, "true")},")
                    .Append(Maybe(random, "\"{\"\"a\"\": 1}\"")).Append('\n');
            }
        }

        StringBuilder records = new("id,k,n\n");
        for (int id = 0; id < 400; id++)
        {
            int a = random.Next(type == "boolean" ? 2 : 80);
            string k = random.Next(20) == 0 ? "" : await TextAsync(expression, a);
            records.Append(CultureInfo.InvariantCulture, $"{id},{k},{(random.Next(20) == 0 ? "" : random.Next(5))}\n");
        }

        foreach ((string way, long bytes) in ((string, long)[])[("memory", 1 << 20), ("query", 0)])
        {
            string dataset = $"j_{name}_{way}";
            await service.DeclareAsync($"{dataset}_rows", key + values, schema: """, "uniqueKeys": [["k", "n"]]""", rest: $$"""
                , "lookup": { "key": ["k", "n"], "memoryBytesMax": {{bytes}} }
                """, mode: "replace");
            await service.DeclareAsync(dataset, $$"""{ "name": "id", "type": "integer" }, {{key}}""", rest: $$"""
                , "transforms": [ { "op": "lookup", "from": "{{dataset}}_rows", "match": { "n": "n", "k": "k" }, "missing": "null", "set": {
                  "v_text": "v_text", "v_number": "v_number", "v_at": "v_at", "v_day": "v_day", "v_yes": "v_yes", "v_json": "v_json", "v_n": "n" } } ]
                """);
            JobView loaded = await service.LoadAsync($"{dataset}_rows", rows.ToString());
            Assert.True(loaded.Records.Loaded >= there.Count / 2, $"seed {seed}");

            JobView job = await service.LoadAsync(dataset, records.ToString());

            Assert.True(job.Records.Loaded == 400, $"seed {seed}: {job.Records}");
            Assert.Equal(
                [$"seed {seed}: 0 differ"],
                await service.RowsAsync($"""
                    SELECT 'seed {seed}: ' || count(*) || ' differ' FROM {dataset} t LEFT JOIN {dataset}_rows r ON r.k = t.k AND r.n = t.n
                    WHERE (t.v_text, t.v_number, t.v_at, t.v_day, t.v_yes, t.v_json, t.v_n)
                        IS DISTINCT FROM (r.v_text, r.v_number, r.v_at, r.v_day, r.v_yes, r.v_json, r.n)
                    """));
        }
    }

    /// <summary>A job of one dataset sees another version than the one that was registered before its lookup was loaded anew.</summary>
    [Fact]
    public async Task A_job_sees_the_version_that_was_current_when_it_began()
    {
        await ZonesAsync("zones_versions");
        await service.DeclareAsync("trips_versions", """{ "name": "id", "type": "integer" }, { "name": "zone", "type": "integer" }""", rest: """
            , "transforms": [ { "op": "lookup", "from": "zones_versions", "match": { "id": "zone" }, "set": { "borough": "borough" }, "missing": "null" } ]
            """);
        await using LoadGate gate = await LoadGate.CloseAsync(service.Database, "trips_versions", id: 3);
        Guid first = (await service.Api.UploadAsync("trips_versions", "id,zone\n1,1\n2,1\n3,1\n")).Job.Id;
        await service.Database.WhenBlockedAsync("COPY");

        JobView next = await service.LoadAsync("zones_versions", "id,borough,size\n1,Kings,1\n");
        JobView third = await service.LoadAsync("zones_versions", "id,borough,size\n1,Richmond,1\n");
        await gate.OpenAsync();
        JobView old = await service.Api.WhenFinalAsync(first);
        JobView now = await service.LoadAsync("trips_versions", "id,zone\n9,1\n");

        Assert.Equal(["Queens", "Queens", "Queens", "Richmond"], await service.RowsAsync("SELECT borough FROM trips_versions ORDER BY id"));
        Assert.NotEqual(next.Id, old.Lookups!["zones_versions"]);
        Assert.Equal(third.Id, now.Lookups!["zones_versions"]);
    }

    [Fact]
    public async Task A_job_waits_for_the_first_rows_and_fails_where_none_are_on_their_way()
    {
        await ZonesAsync("zones_awaited", isLoaded: false);
        await service.DeclareAsync("trips_awaited", """{ "name": "id", "type": "integer" }, { "name": "zone", "type": "integer" }""", rest: """
            , "transforms": [ { "op": "lookup", "from": "zones_awaited", "match": { "id": "zone" }, "set": { "borough": "borough" } } ]
            """);

        JobView failed = await service.LoadAsync("trips_awaited", "id,zone\n1,1\n");
        Assert.Equal((JobState.Failed, "lookup_not_loaded"), (failed.State, failed.Error?.Code));

        await using LoadGate gate = await LoadGate.CloseAsync(service.Database, "zones_awaited", id: 2);
        Guid zones = (await service.Api.UploadAsync("zones_awaited", Zones)).Job.Id;
        await service.Database.WhenBlockedAsync("COPY");
        Guid trips = (await service.Api.UploadAsync("trips_awaited", "id,zone\n1,1\n")).Job.Id;
        await service.Api.WhenAsync(trips, "waiting", job => job.WaitingFor == "lookup");
        await gate.OpenAsync();

        Assert.Equal(JobState.Succeeded, (await service.Api.WhenFinalAsync(zones)).State);
        Assert.Equal(JobState.Succeeded, (await service.Api.WhenFinalAsync(trips)).State);
        Assert.Equal(["Queens"], await service.RowsAsync("SELECT borough FROM trips_awaited"));
    }

    /// <summary>A column that has gone since, and one of which it is said since that it is personal.</summary>
    [Theory]
    [InlineData("gone", """{ "name": "id", "type": "integer" }, { "name": "size", "type": "number", "sqlType": "numeric(10,3)" }""", "", "id,size\n1,1\n")]
    [InlineData("personal", ZoneFields, """, "transforms": [ { "op": "mask", "fields": ["borough"], "pii": true } ]""", Zones)]
    public async Task A_job_fails_where_the_rows_have_another_form_than_was_declared(string name, string fields, string rest, string rows)
    {
        await ZonesAsync($"zones_{name}");
        await service.DeclareAsync($"trips_{name}", """{ "name": "id", "type": "integer" }, { "name": "zone", "type": "integer" }""", rest: $$"""
            , "transforms": [ { "op": "lookup", "from": "zones_{{name}}", "match": { "id": "zone" }, "set": { "borough": "borough" } } ]
            """);
        await service.DeclareAsync(
            $"zones_{name}", fields, schema: """, "primaryKey": ["id"]""", rest: """, "lookup": { "key": ["id"] }""" + rest, mode: "replace");
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync($"zones_{name}", rows)).State);

        JobView job = await service.LoadAsync($"trips_{name}", "id,zone\n1,1\n");

        Assert.Equal((JobState.Failed, "lookup_changed"), (job.State, job.Error?.Code));
    }

    /// <summary>What is personal there is personal here: no sentence of PostgreSQL that may quote it is told.</summary>
    [Fact]
    public async Task Personal_data_of_the_other_dataset_stays_hidden()
    {
        await service.DeclareAsync(
            "people", """{ "name": "id", "type": "integer" }, { "name": "email", "type": "string" }""", schema: """, "primaryKey": ["id"]""",
            rest: """, "lookup": { }, "transforms": [ { "op": "mask", "fields": ["email"], "keepLast": 12, "pii": true } ]""", mode: "replace");
        await service.LoadAsync("people", "id,email\n1,someone@example.org\n");
        await service.DeclareAsync("orders", """{ "name": "id", "type": "integer" }, { "name": "person", "type": "integer" }""", rest: """
            , "transforms": [ { "op": "lookup", "from": "people", "match": { "id": "person" }, "set": { "email": "email" } } ]
            """);
        await service.Database.ExecuteAsync("ALTER TABLE public.orders ADD CONSTRAINT no_mail CHECK (email NOT LIKE '%@%')");

        JobView job = await service.LoadAsync("orders", "id,person\n1,1\n");

        Assert.Equal(1, job.Records.Rejected);
        Assert.Equal(
            ["check f"],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', errors->0->>'code', errors::text LIKE '%example.org%') FROM pipeline.dead_letters WHERE job_id = '{job.Id}'
                """));
        Assert.True((await service.Api.GetAsync("/v1/datasets/orders")).Json.GetProperty("definition").GetProperty("transforms")[0].GetProperty("pii").GetBoolean());
    }

    [Fact]
    public async Task Tests_of_a_definition_give_the_rows_that_count_or_take_those_that_are_there()
    {
        await ZonesAsync("zones_tested", isLoaded: false);

        Assert.Equal(
            ["/tests/0/lookups: Dataset \"zones_tested\" has no rows yet: give those that count, as \"lookups\": { \"zones_tested\": [ … ] }."],
            await PutAsync("""{ "record": { "id": 1, "zone": 1 }, "row": { "borough": "Queens" } }"""));
        Assert.Empty(await PutAsync("""
            { "record": { "id": 1, "zone": 1 }, "lookups": { "zones_tested": [ { "id": 1, "borough": "Kings" } ] }, "row": { "borough": "Kings" } },
            { "record": { "id": 1, "zone": 2 }, "lookups": { "zones_tested": [ { "id": 1 } ] }, "rejected": "lookup_missing" }
            """));
        Assert.Equal(
            ["/tests/0/lookups/zones_tested/0/boroguh: Dataset \"zones_tested\" has no field \"boroguh\". Did you mean \"borough\"?",
             "/tests/0/row/borough: \"Kings\" was expected, but the row has null."],
            await PutAsync("""
                { "record": { "id": 1, "zone": 1 }, "lookups": { "zones_tested": [ { "id": 1, "boroguh": "Kings" } ] }, "row": { "borough": "Kings" } }
                """));
        await service.LoadAsync("zones_tested", Zones);
        Assert.Empty(await PutAsync("""{ "record": { "id": 1, "zone": 1 }, "row": { "borough": "Queens" } }"""));

        async Task<string[]> PutAsync(string tests)
        {
            using StringContent body = new($$"""
                { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "zone", "type": "integer" } ] },
                  "transforms": [ { "op": "lookup", "from": "zones_tested", "match": { "id": "zone" }, "set": { "borough": "borough" } } ],
                  "tests": [ {{tests}} ] }
                """, Encoding.UTF8, "application/json");
            ApiAnswer answer = await service.Api.PutAsync("/v1/datasets/trips_tested", body);
            return answer.Status is HttpStatusCode.OK or HttpStatusCode.Created
                ? []
                : [.. answer.Problem.Errors!.SelectMany(e => e.Value.Select(sentence => $"{e.Key}: {sentence}"))];
        }
    }

    private async Task ZonesAsync(string dataset, long bytes = 67_108_864, bool isLoaded = true)
    {
        await service.DeclareAsync(dataset, ZoneFields, schema: """, "primaryKey": ["id"]""", rest: $$"""
            , "lookup": { "key": ["id"], "memoryBytesMax": {{bytes}} }
            """, mode: "replace");
        if (isLoaded)
        {
            Assert.Equal(JobState.Succeeded, (await service.LoadAsync(dataset, Zones)).State);
        }
    }

    private static string Maybe(Random random, string text) => random.Next(4) == 0 ? "" : text;

    private async Task<string> TextAsync(string expression, int a)
    {
        if (!_texts.TryGetValue((expression, a), out string? text))
        {
            string[] all = await service.RowsAsync($"SELECT to_json({expression})::text FROM generate_series(0, 79) a ORDER BY a");
            for (int i = 0; i < all.Length; i++)
            {
                _texts[(expression, i)] = all[i].Trim('"');
            }

            text = _texts[(expression, a)];
        }

        return text;
    }
}
