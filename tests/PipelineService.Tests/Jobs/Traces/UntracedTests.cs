using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Rows;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Traces;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Traces;

/// <summary>What cannot be told is said to be so, and why; and rows lead to their records.</summary>
public sealed class UntracedTests(TracedService service) : IClassFixture<TracedService>
{
    private const string Kept = "'load': { 'keepUpload': 'PT1H' }";

    private static string Keyed(string load) =>
        Readings.Definition(load).Replace("'number' } ]", "'number' } ], 'primaryKey': ['id']", StringComparison.Ordinal);

    [Fact]
    public async Task Numbers_that_are_none_are_refused_with_the_range()
    {
        await service.Api.DeclareAsync("ranged", Readings.Definition(Kept));
        JobView job = await service.Api.LoadAsync("ranged", Readings.Csv(5));

        foreach (string number in (string[])["0", "-1", "1e3", "x", "99999999999999999999"])
        {
            ApiAnswer none = await service.Api.GetAsync($"/v1/jobs/{job.Id}/records/{number}");
            Assert.Equal((HttpStatusCode.NotFound, "record_not_found"), (none.Status, none.Problem.Code));
        }

        ApiAnswer beyond = await service.Api.GetAsync($"/v1/jobs/{job.Id}/records/6");
        Assert.Contains("records 1 to 5, and none of number 6", beyond.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal("job_not_found", (await service.Api.GetAsync($"/v1/jobs/{Guid.Empty}/records/1")).Problem.Code);
    }

    [Fact]
    public async Task Nothing_is_told_before_it_is_settled()
    {
        await service.Api.DeclareAsync("unsettled", Readings.Definition(Kept));
        await using LoadGate gate = await LoadGate.CloseAsync(service.Database, "unsettled", id: 2);
        ApiAnswer upload = await service.Api.UploadAsync("unsettled", Readings.Csv(3), headers: ("Prefer", "wait=0"));

        ApiAnswer early = await service.Api.GetAsync($"/v1/jobs/{upload.Job.Id}/records/1");
        await gate.OpenAsync();
        await service.Api.WhenFinalAsync(upload.Job.Id);

        Assert.Equal((HttpStatusCode.Conflict, "record_not_settled"), (early.Status, early.Problem.Code));
        Assert.Equal("loaded", (await service.TraceAsync(upload.Job.Id, 1)).Outcome.State);
    }

    [Fact]
    public async Task Without_the_bytes_the_dead_letter_and_the_row_are_told()
    {
        await service.Api.DeclareAsync("not_kept", Readings.Definition());
        JobView job = await service.Api.LoadAsync("not_kept", "id,name,amount\n1,a,1.5\nx,b,2\n3,c,3\n");

        RecordTraceView loaded = await service.TraceAsync(job.Id, 3);
        RecordTraceView rejected = await service.TraceAsync(job.Id, 2);

        Assert.Equal(("row", "loaded", "c"), (loaded.DerivedFrom, loaded.Outcome.State, (string?)loaded.Row.Values!["name"]));
        Assert.Contains("load.keepUpload", loaded.Note, StringComparison.Ordinal);
        Assert.Equal(("dead_letter", "rejected", "x,b,2", 3L), (rejected.DerivedFrom, rejected.Outcome.State, rejected.Raw!.Text, rejected.Position!.Line));
        Assert.Equal("type_mismatch", Assert.Single(rejected.Outcome.Errors).Code);
    }

    [Fact]
    public async Task Of_a_job_that_failed_only_rejects_are_known()
    {
        await service.Api.DeclareAsync("failing", Readings.Definition($"{Kept}, 'rejects': {{ 'maxCount': 0 }}"));
        JobView job = await service.Api.LoadAsync("failing", "id,name,amount\n1,a,1.5\nx,b,2\n");

        Assert.Equal(JobState.Failed, job.State);
        Assert.Equal(("dead_letter", "rejected"), ((await service.TraceAsync(job.Id, 2)).DerivedFrom, (await service.TraceAsync(job.Id, 2)).Outcome.State));
        ApiAnswer none = await service.Api.GetAsync($"/v1/jobs/{job.Id}/records/1");
        Assert.Equal((HttpStatusCode.NotFound, "record_not_found"), (none.Status, none.Problem.Code));
        Assert.Contains("failed", none.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_without_lineage_is_asked_by_its_key()
    {
        const string Load = "'load': { 'keepUpload': 'PT1H', 'lineage': false }";
        await service.Api.DeclareAsync("keyed", Keyed(Load));
        await service.Api.DeclareAsync("unkeyed", Readings.Definition(Load));
        JobView keyed = await service.Api.LoadAsync("keyed", Readings.Csv(3));
        JobView unkeyed = await service.Api.LoadAsync("unkeyed", Readings.Csv(3));

        RecordTraceView found = await service.TraceAsync(keyed.Id, 2);
        RecordTraceView unknown = await service.TraceAsync(unkeyed.Id, 2);

        Assert.Equal(("found", "key", "name 2"), (found.Row.State, found.Row.By, (string?)found.Row.Values!["name"]));
        Assert.Contains("_job_id", found.Row.Note, StringComparison.Ordinal);
        Assert.Equal(("loaded", "not_known"), (unknown.Outcome.State, unknown.Row.State));
        RowView row = Assert.Single((await service.Api.GetAsync("/v1/datasets/keyed/rows?key=2")).Read<RowPage>().Items);
        Assert.Equal((null, null, null), (row.Job, row.Record, row.Trace));
    }

    [Fact]
    public async Task What_became_of_the_row_since_is_told()
    {
        await service.Api.DeclareAsync("since", Readings.Definition(Kept));
        JobView job = await service.Api.LoadAsync("since", Readings.Csv(500));
        await service.Database.ExecuteAsync("UPDATE since SET name = 'by hand' WHERE id = 7; DELETE FROM since WHERE id = 8");

        Assert.Equal("by hand", (string?)(await service.TraceAsync(job.Id, 7)).Row.Values!["name"]);
        RecordTraceView deleted = await service.TraceAsync(job.Id, 8);
        await service.Database.ExecuteAsync("ALTER TABLE since DROP COLUMN amount");
        RecordTraceView without = await service.TraceAsync(job.Id, 9);
        await service.Database.ExecuteAsync("DROP TABLE since");
        RecordTraceView dropped = await service.TraceAsync(job.Id, 9);

        Assert.Equal(("loaded", "absent"), (deleted.Outcome.State, deleted.Row.State));
        Assert.Equal(("loaded", "not_known"), (without.Outcome.State, without.Row.State));
        Assert.Equal(("loaded", "not_known", "upload"), (dropped.Outcome.State, dropped.Row.State, dropped.DerivedFrom));
        Assert.Contains("does not exist", dropped.Row.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reverted_job_has_no_rows()
    {
        await service.Api.DeclareAsync("undone", Readings.Definition(Kept));
        JobView job = await service.Api.LoadAsync("undone", Readings.Csv(3));
        Assert.Equal(HttpStatusCode.OK, (await service.Api.RevertAsync(job.Id)).Status);

        RecordTraceView trace = await service.TraceAsync(job.Id, 2);

        Assert.Equal(("loaded", "absent", "upload"), (trace.Outcome.State, trace.Row.State, trace.DerivedFrom));
        Assert.Contains("reverted", trace.Row.Note, StringComparison.Ordinal);
    }

    /// <summary>What a service answered is not asked for again; ops that depend on it are told to be unknown.</summary>
    [Fact]
    public async Task An_answer_that_nothing_says_any_more_ends_what_is_known()
    {
        await service.Api.DeclareAsync("unanswered", """
            { "schema": { "fields": [{ "name": "id", "type": "integer" }, { "name": "ip" }] },
              "transforms": [ { "op": "trim", "fields": ["ip"] }, { "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/city" } },
                { "op": "derive", "field": "city", "expression": "upper(city)" } ],
              "load": { "keepUpload": "PT1H" } }
            """);
        JobView job = await service.Api.LoadAsync("unanswered", "id,ip\n1, a\n");
        int calls = service.Stub.Calls.Count;

        RecordTraceView trace = await service.TraceAsync(job.Id, 1);

        Assert.Equal(["kept", "not_known", "not_known"], trace.Steps.Select(step => step.Outcome));
        Assert.Equal(
            [("id", "passed", "1"), ("ip", "passed", "a"), ("city", "not_known", null)],
            trace.Checks.Select(check => (check.Field, check.Outcome, check.Stored)));
        Assert.Equal(("loaded", "CITY OF A"), (trace.Outcome.State, (string?)trace.Row.Values!["city"]));
        Assert.Contains("not asked again", trace.Note, StringComparison.Ordinal);
        Assert.Equal(calls, service.Stub.Calls.Count);
    }

    /// <summary>What came before somebody said that a field holds personal data is not shown either.</summary>
    [Fact]
    public async Task What_is_personal_by_now_is_hidden_in_what_came_before()
    {
        const string Pii = ", 'transforms': [{ 'op': 'redact', 'fields': ['name'], 'pii': true }]";
        await service.Api.DeclareAsync("late_pii", Keyed(Kept));
        JobView job = await service.Api.LoadAsync("late_pii", "id,name,amount\n1,Zx81,1.5\nx,Zx81,2\n3,\"Zx81\n");
        Assert.Contains("Zx81", (await service.Api.GetAsync($"/v1/jobs/{job.Id}/records/1")).Body, StringComparison.Ordinal);
        await service.Api.DeclareAsync("late_pii", Keyed(Kept + Pii));

        string[] shown =
        [
            (await service.Api.GetAsync($"/v1/jobs/{job.Id}/records/1")).Body, (await service.Api.GetAsync($"/v1/jobs/{job.Id}/records/2")).Body,
            (await service.Api.GetAsync($"/v1/jobs/{job.Id}/records/3")).Body, (await service.Api.GetAsync("/v1/datasets/late_pii/rows?key=1")).Body,
        ];

        Assert.All(shown, body => Assert.DoesNotContain("Zx81", body, StringComparison.Ordinal));
        Assert.Contains("1,[hidden],1.5", shown[0], StringComparison.Ordinal);
        Assert.Contains("[hidden]", shown[3], StringComparison.Ordinal);
        Assert.Equal(["unterminated_quote"], (await service.TraceAsync(job.Id, 3)).Outcome.Errors.Select(error => error.Code));
    }

    [Fact]
    public async Task Files_that_are_converted_and_texts_of_other_encodings_are_read_as_they_were_loaded()
    {
        await service.Api.DeclareAsync("converted", Readings.Definition(Kept));
        JobView parquet = await service.LoadAsync(
            "converted", ParquetSample.Of("SELECT i AS id, 'name ' || i AS name, i + 0.5 AS amount FROM range(1, 2001) r(i)"), "application/vnd.apache.parquet");
        byte[] text = System.Text.Encoding.Unicode.GetPreamble();
        JobView utf16 = await service.LoadAsync(
            "converted", [.. text, .. System.Text.Encoding.Unicode.GetBytes(Readings.Csv(500).Replace("name", "näme", StringComparison.Ordinal).Replace("id,näme", "id,name", StringComparison.Ordinal))],
            "text/csv; charset=utf-16le");

        RecordTraceView ofFile = await service.TraceAsync(parquet.Id, 1_234);
        RecordTraceView again = await service.TraceAsync(parquet.Id, 2_000);
        RecordTraceView ofText = await service.TraceAsync(utf16.Id, 321);

        Assert.Equal(("upload", "name 1234", "name 2000"), (ofFile.DerivedFrom, ofFile.Fields["name"], again.Fields["name"]));
        Assert.Contains("\"name\":\"name 1234\"", ofFile.Raw!.Text, StringComparison.Ordinal);
        Assert.Equal("name 1234", (string?)ofFile.Row.Values!["name"]);
        Assert.Equal(("321,näme 321,321.5", "found", 322L), (ofText.Raw!.Text, ofText.Row.State, ofText.Position!.Line));
        string before = Readings.Header + Readings.CsvRows(1, 320);
        Assert.Equal(2 + (2 * before.Length), ofText.Position.ByteOffset);
    }

    [Fact]
    public async Task Rows_of_a_key_lead_to_their_records_and_both_are_told_in_the_audit()
    {
        await service.Api.DeclareAsync("led", Keyed(Kept));
        JobView job = await service.Api.LoadAsync("led", Readings.Csv(30));

        RowPage page = (await service.Api.GetAsync("/v1/datasets/led/rows?key=21")).Read<RowPage>();
        RowView row = Assert.Single(page.Items);
        Assert.Equal((job.Id, 21L, "name 21"), (row.Job, row.Record, (string?)row.Row["name"]));
        RecordTraceView trace = (await service.Api.GetAsync(row.Trace!)).Read<RecordTraceView>();
        await service.Api.HeadAsync(row.Trace!);

        Assert.Equal((21L, "21,name 21,21.5"), (trace.Record, trace.Raw!.Text));
        Assert.Equal(
            ["record.trace 21", "rows.read id"],
            await service.RowsAsync($"""
                SELECT action || ' ' || coalesce(detail ->> 'record', detail ->> 'key') FROM pipeline.audit
                WHERE (action = 'record.trace' AND object = 'job/{job.Id}') OR (action = 'rows.read' AND dataset = 'led') ORDER BY 1
                """));
        Assert.Empty((await service.Api.GetAsync("/v1/datasets/led/rows?key=31")).Read<RowPage>().Items);
        foreach ((string query, HttpStatusCode status, string code) in ((string, HttpStatusCode, string)[])
        [
            ("led/rows", HttpStatusCode.BadRequest, "malformed_query"), ("led/rows?key=1&key=2", HttpStatusCode.BadRequest, "malformed_query"),
            ("led/rows?key=x'--", HttpStatusCode.BadRequest, "malformed_query"), ("led/rows?keys=1", HttpStatusCode.BadRequest, "malformed_query"),
            ("ranged_not/rows?key=1", HttpStatusCode.NotFound, "dataset_not_found"), ("traced_zones/rows?key=9", HttpStatusCode.OK, ""),
        ])
        {
            ApiAnswer answer = await service.Api.GetAsync($"/v1/datasets/{query}");
            Assert.Equal((query, status, code), (query, answer.Status, answer.Status == HttpStatusCode.OK ? "" : answer.Problem.Code));
        }

        await service.Database.ExecuteAsync("DROP TABLE led");
        Assert.Equal("rows_not_readable", (await service.Api.GetAsync("/v1/datasets/led/rows?key=21")).Problem.Code);
        await service.Api.DeclareAsync("no_keys", Readings.Definition());
        Assert.Equal("no_key", (await service.Api.GetAsync("/v1/datasets/no_keys/rows?key=1")).Problem.Code);
    }
}
