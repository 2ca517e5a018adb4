using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>What an op with <c>pii</c> takes away is nowhere, however its record was rejected.</summary>
public sealed class PersonalDataTests(PersonalDataTests.Service service) : IClassFixture<PersonalDataTests.Service>
{
    private const string Secret = "Zx81Qq77";

    private const string Fields = """
        { "name": "id", "type": "integer", "constraints": { "maximum": 100 } }, { "name": "mail", "type": "string" },
        { "name": "born", "type": "date" }, { "name": "ip", "type": "string" }, { "name": "note", "type": "string" }
        """;

    private const string Transforms = """
        , "transforms": [
          { "op": "concat", "fields": ["ip"], "field": "address", "sqlType": "inet" },
          { "op": "filter", "expression": "born is null or born > date \u00271900-01-01\u0027" },
          { "op": "derive", "field": "n", "type": "integer", "expression": "case when id = 5 then cast(mail as integer) else 0 end" },
          { "op": "require", "expression": "id <> 6 or mail = \u0027\u0027", "code": "no_mail" },
          { "op": "hash", "fields": ["mail"], "secret": "PII_SALT", "pii": true },
          { "op": "mask", "fields": ["born"], "pii": true },
          { "op": "redact", "fields": ["ip"], "pii": true } ]
        """;

    /// <summary>A record a line, each rejected in a way of its own; the first and the last are good.</summary>
    private const string Csv = $""""
        id,mail,born,ip,note
        1,x,,10.0.0.1,
        101,{Secret},,{Secret},rule
        3,{Secret},{Secret},,type
        4,x,,{Secret},database type
        5,{Secret},,,expression
        6,"{Secret}, ""{Secret}""",,,requirement
        7,x,,,unique
        8,{Secret},,,too,many
        9,{Secret}
        10,"{Secret}" {Secret},,,quote
        11,y,,,
        """";

    private const string Ndjson = $$"""
        {"id":1,"mail":"x","ip":"10.0.0.1"}
        {"id":101,"mail":"{{Secret}}","ip":"{{Secret}}","note":"rule"}
        {"id":3,"mail":{"a":"{{Secret}}"},"born":"{{Secret}}","note":"type"}
        {"id":4,"mail":"x","ip":"{{Secret}}","note":"database type"}
        {"id":5,"mail":"{{Secret}}","note":"expression"}
        {"id":6,"mail":"\u0041{{Secret}}","note":"requirement"}
        {"id":7,"mail":"x","note":"unique"}
        {"id":8,"mail":"{{Secret}}","unknown":"{{Secret}}"}
        {"id":9,"mail":"{{Secret}}"
        {"id":10,"mail":"x","mail":"{{Secret}}"}
        {"id":11,"mail":"y"}
        """;

    [Theory]
    [InlineData("job", "text/csv")]
    [InlineData("chunk", "text/csv")]
    [InlineData("job", "application/x-ndjson")]
    [InlineData("chunk", "application/x-ndjson")]
    public async Task Nothing_that_is_kept_or_told_of_a_reject_has_it(string commit, string contentType)
    {
        string dataset = $"pii_{commit}_{contentType[^3..]}";
        await service.DeclareAsync(dataset, Fields, commit, rest: Transforms);
        await service.Database.ExecuteAsync($"CREATE UNIQUE INDEX ON {dataset} (mail)");
        using Spans spans = new();

        JobView job = await service.LoadAsync(dataset, Encoding.UTF8.GetBytes(contentType == "text/csv" ? Csv : Ndjson), contentType);

        Assert.Equal(new RecordsView(11, 2, 9, 0), job.Records);
        Assert.Equal(
            ["maximum", "type_mismatch", "type_mismatch", "expression", "no_mail", "unique"],
            (await CodesAsync(job))[..6]);
        await AssertNowhereAsync(job, spans);
    }

    [Fact]
    public async Task The_rest_of_the_record_is_shown()
    {
        await service.DeclareAsync("pii_shown", Fields, rest: Transforms);

        JobView job = await service.LoadAsync("pii_shown", Encoding.UTF8.GetBytes(Ndjson), "application/x-ndjson");
        DeadLetterPage page = (await service.Api.GetAsync($"/v1/jobs/{job.Id}/dead-letters")).Read<DeadLetterPage>();

        Assert.Equal("""{"id":101,"mail":"[hidden]","ip":"[hidden]","note":"rule"}""", page.Items[0].Raw);
        Assert.Equal(("id", "101"), (page.Items[0].Errors[0].Field, page.Items[0].Errors[0].Value));
        Assert.Equal("""{"id":3,"mail":"[hidden]","born":"[hidden]","note":"type"}""", page.Items[1].Raw);
        Assert.Equal(("born", "[hidden]"), (page.Items[1].Errors[0].Field, page.Items[1].Errors[0].Value));
        Assert.Equal(("address", "The database refused the row (SQLSTATE 22P02)."), (page.Items[2].Errors[0].Field, page.Items[2].Errors[0].Message));
        Assert.Equal([new("id", "5"), new("mail", "[hidden]")], page.Items[3].Errors[0].Inputs!.OrderBy(input => input.Key));
        DeadLetterView unread = page.Items.Single(letter => letter.Record == 9);
        Assert.Equal(("", true), (unread.Raw, unread.RawTruncated));
    }

    /// <summary>Where a file has no header, its first record is taken for one.</summary>
    [Fact]
    public async Task A_header_that_is_none_is_not_told_and_not_kept()
    {
        await service.DeclareAsync("pii_header", Fields, rest: Transforms);

        JobView job = await service.LoadAsync("pii_header", $"12,{Secret},,{Secret}2,x\n13,y,,,z\n");

        Assert.Equal("header_mismatch", job.Error?.Code);
        Assert.Equal(
            "The header does not match the schema (fieldsMatch: equal): missing \"id\", \"mail\", \"born\", \"ip\", \"note\"; "
                + "unknown 5 names that are not shown here. The first line looks like a record: if the data has no header, set "
                + "dialect.header to false.",
            job.Error!.Detail);
        await AssertNotKeptAsync();
    }

    [Fact]
    public async Task Of_names_that_are_not_loaded_only_the_place_is_kept()
    {
        await service.DeclareAsync("pii_names", Fields, schema: """, "fieldsMatch": "partial" """, rest: Transforms);

        JobView job = await service.LoadAsync("pii_names", $"id,{Secret},note\n102,,\n");

        Assert.Equal(
            ["id|[hidden 2]|note"],
            await service.RowsAsync($"SELECT array_to_string(upload_columns, '|') FROM pipeline.jobs WHERE id = '{job.Id}'"));
        await AssertNotKeptAsync();
    }

    /// <summary>A record of which a value is hidden still has as many fields as it had.</summary>
    [Theory]
    [InlineData(",", "102,[hidden]", "103,\"[hidden]\"")]
    [InlineData("d", "102d***", "103d\"***\"")]
    public async Task The_record_reads_as_it_did(string delimiter, string bare, string quoted)
    {
        string dataset = $"pii_dialect_{(int)delimiter[0]}";
        await service.DeclareAsync(
            dataset,
            """{ "name": "no", "type": "integer", "constraints": { "maximum": 100 } }, { "name": "mail" }""",
            rest: $$""", "dialect": { "delimiter": "{{delimiter}}" }, "transforms": [{ "op": "mask", "fields": ["mail"], "pii": true }]""");

        JobView job = await service.LoadAsync(
            dataset, $"no,mail\n102,{Secret}\n103,\"{Secret}\"\n".Replace(",", delimiter, StringComparison.Ordinal));

        Assert.Equal([bare, quoted], (await LettersAsync(job)).Select(letter => letter.Raw));
    }

    [Theory]
    [InlineData("text/csv", $"id,x\n101,{Secret}\n")]
    [InlineData("application/x-ndjson", $$"""{"id":101,"x":"{{Secret}}"}""")]
    public async Task Where_the_rest_is_hidden_no_record_is_shown(string contentType, string data)
    {
        string dataset = $"pii_rest_{contentType[^3..]}";
        await service.DeclareAsync(
            dataset,
            """{ "name": "id", "type": "integer", "constraints": { "maximum": 100 } }, { "name": "more", "type": "object" }""",
            schema: """, "rest": "more" """,
            rest: """, "transforms": [{ "op": "redact", "fields": ["more"], "pii": true }]""");

        JobView job = await service.LoadAsync(dataset, Encoding.UTF8.GetBytes(data), contentType);

        DeadLetterView letter = Assert.Single(await LettersAsync(job));
        Assert.Equal(("maximum", "[hidden]", ""), (letter.Errors[0].Code, letter.Errors[0].Value, letter.Raw));
        await AssertNotKeptAsync();
    }

    /// <summary>Keys are the service's to tell of, and it names tables and columns; of all else there is the constraint, or nothing.</summary>
    [Theory]
    [InlineData(
        "pair", "CREATE UNIQUE INDEX ON pii_pair (kind, mail)",
        "A row with this \"kind\" and \"mail\" exists already, in the table or earlier in the upload.", "k, [hidden]")]
    [InlineData(
        "lower", "CREATE UNIQUE INDEX one_mail ON pii_lower (lower(mail))",
        "A row with the same key exists already, in the table or earlier in the upload: unique index \"one_mail\".", null)]
    [InlineData(
        "child", "CREATE TABLE pii_parent (mail text PRIMARY KEY); ALTER TABLE pii_child ADD FOREIGN KEY (mail) REFERENCES pii_parent",
        "Refers to a row that does not exist: none of pii_parent has this \"mail\".", "[hidden]")]
    [InlineData(
        "checked", "ALTER TABLE pii_checked ADD CONSTRAINT no_mail CHECK (mail IS NULL)",
        "The database refused the row: constraint \"no_mail\" (SQLSTATE 23514).", "[hidden]")]
    [InlineData(
        "raised", "CREATE TRIGGER refuses BEFORE INSERT ON pii_raised FOR EACH ROW EXECUTE FUNCTION quoting()",
        "The database refused the row (SQLSTATE P0001).", null)]
    public async Task A_refusal_of_the_table_is_told_without_it(string name, string table, string message, string? value)
    {
        JobView job = await LoadIntoAsync($"pii_{name}", table, "kind,mail\nk,{0}\nk,{0}\n");

        DeadLetterError error = (await LettersAsync(job))[^1].Errors[0];
        Assert.Equal((message, value), (error.Message, error.Value));
        await AssertNotKeptAsync();
    }

    [Fact]
    public async Task Rows_that_cannot_be_removed_are_told_without_it()
    {
        const string Refused = "PostgreSQL refuses it (SQLSTATE P0001); what it says may be personal data and is not shown.";
        JobView job = await LoadIntoAsync(
            "pii_kept",
            "CREATE TRIGGER refuses BEFORE DELETE ON pii_kept FOR EACH ROW EXECUTE FUNCTION quoting()",
            "kind,mail\nk,{0}\n");

        ApiAnswer revert = await service.Api.RevertAsync(job.Id);
        ApiAnswer upload = await service.Api.ReplaceAsync("pii_kept", job.Id, "kind,mail\n");
        JobView replacement = await service.Api.WhenFinalAsync(upload.Job.Id);

        Assert.Equal($"{Refused} Nothing was removed.", revert.Problem.Detail);
        Assert.Equal($"{Refused} Job {job.Id} is as it was; nothing of this one was loaded.", replacement.Error?.Detail);
        await AssertNotKeptAsync();
    }

    /// <summary>Loads into a table of two columns that was changed since, of which one has personal data.</summary>
    private async Task<JobView> LoadIntoAsync(string dataset, string change, string data)
    {
        await service.DeclareAsync(
            dataset,
            """{ "name": "kind" }, { "name": "mail" }""",
            rest: """, "transforms": [{ "op": "mask", "fields": ["mail"], "pii": true }]""");
        await service.Database.ExecuteAsync($"""
            CREATE OR REPLACE FUNCTION quoting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not {Secret}'; END $$;
            {change}
            """);
        return await service.LoadAsync(dataset, data.Replace("{0}", Secret, StringComparison.Ordinal));
    }

    private async Task<DeadLetterView[]> LettersAsync(JobView job) =>
        [.. (await service.Api.GetAsync($"/v1/jobs/{job.Id}/dead-letters")).Read<DeadLetterPage>().Items];

    private async Task<string[]> CodesAsync(JobView job) => await service.RowsAsync(
        $"SELECT errors->0->>'code' FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record");

    private async Task AssertNowhereAsync(JobView job, Spans spans)
    {
        // Before the test asks the database for it.
        string told = string.Join('\n', spans.All.Select(Shown));
        Assert.DoesNotContain(Secret, told, StringComparison.Ordinal);
        Assert.Contains(spans.All, span => span.Source.Name == "Npgsql");

        await AssertNotKeptAsync();
        foreach (string type in (string[])["application/json", "application/x-ndjson", "text/csv"])
        {
            string answer = (await service.Api.GetAsync($"/v1/jobs/{job.Id}/dead-letters", ("Accept", type))).Body;
            Assert.Contains("[hidden]", answer, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, answer, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(Secret, (await service.Api.GetAsync($"/v1/jobs/{job.Id}")).Body, StringComparison.Ordinal);
    }

    private async Task AssertNotKeptAsync()
    {
        string hex = Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Secret));
        foreach (string table in await service.RowsAsync("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'pipeline'"))
        {
            Assert.Empty(await service.RowsAsync($"SELECT t::text FROM {table} t WHERE t::text LIKE '%{Secret}%' OR t::text LIKE '%{hex}%'"));
        }

        Assert.DoesNotContain(service.Log.Lines, line => Has($"{line.Text} {line.Exception} {string.Join(' ', line.Properties.Values)}"));
        Assert.NotEmpty(service.Log.Lines);
    }

    private static bool Has(string text) => text.Contains(Secret, StringComparison.Ordinal);

    private static string Shown(Activity span) => string.Join(
        ' ',
        span.TagObjects.Concat(span.Events.SelectMany(e => e.Tags)).Select(tag => $"{tag.Key}={tag.Value}").Append(span.StatusDescription));

    private sealed class Spans : IDisposable
    {
        private readonly ActivityListener _listener;

        public Spans()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = static _ => true,
                Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = All.Add,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public ConcurrentBag<Activity> All { get; } = [];

        public void Dispose() => _listener.Dispose();
    }

    public sealed class Service(PostgresServer server) : LoadingService(server)
    {
        internal LogRecorder Log { get; } = new();

        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [.. base.Settings, ("Datasets:Secrets:PII_SALT", "not to be seen"), ("Serilog:MinimumLevel:Override:PipelineService", "Debug")];

        protected override void Configure(IServiceCollection services) => Log.AddTo(services);
    }
}
