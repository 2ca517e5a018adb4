using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>Definitions with transforms, from their declaration to the rows in the table.</summary>
public sealed class TransformedRecordsTests(TransformedRecordsTests.Service service) : IClassFixture<TransformedRecordsTests.Service>
{
    private const string Fields = """
        { "name": "id", "type": "integer" }, { "name": "who", "type": "string" }, { "name": "mail", "type": "string" },
        { "name": "land", "type": "string" }, { "name": "km", "type": "number" }
        """;

    private const string Transforms = """
        , "transforms": [
          { "op": "trim", "fields": ["*"] },
          { "op": "collapse_whitespace", "fields": ["who"] },
          { "op": "null_if", "fields": ["km", "mail"], "values": ["-"] },
          { "op": "default", "fields": ["km"], "value": 0 },
          { "op": "map", "fields": ["land"], "table": { "UK": "GB", "AT": "AT" }, "else": "reject" },
          { "op": "lower", "fields": ["mail"] },
          { "op": "split", "field": "mail", "separator": "@", "into": ["box", { "name": "host", "type": "string", "sqlType": "varchar(20)" }] },
          { "op": "concat", "fields": ["land", "km"], "separator": "-", "field": "code" },
          { "op": "hash", "fields": ["mail"], "secret": "PII_SALT", "pii": true },
          { "op": "mask", "fields": ["box"], "keepFirst": 1 } ]
        """;

    public static TheoryData<string, string> Ways => new()
    {
        { "job", "text/csv" },
        { "job", "application/x-ndjson" },
        { "chunk", "text/csv" },
        { "chunk", "application/x-ndjson" },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task Many_ops_work_on_every_record(string commit, string contentType)
    {
        const int Records = 1_000;
        string dataset = $"ops_{commit}_{contentType[^3..]}";
        await service.DeclareAsync(dataset, Fields, commit, rest: Transforms);

        JobView job = await service.LoadAsync(dataset, DataOf(Records, contentType), contentType);

        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(Records, Records - 1, 1, 0)), (job.State, job.Records));
        string hash = Convert.ToHexStringLower(
            System.Security.Cryptography.HMACSHA256.HashData("not to be seen"u8, "ann1@example.org"u8));
        Assert.Equal(
            [
                $"1|Ann \"A\" B|{hash}|GB|1.5|a***|example.org|GB-1.5",
                "2|~|~|AT|0|~|~|AT-0",
            ],
            await service.RowsAsync($"""
                SELECT concat_ws('|', id, coalesce(who, '~'), coalesce(mail, '~'), land, km, coalesce(box, '~'), coalesce(host, '~'), code)
                FROM {dataset} WHERE id <= 3 ORDER BY id
                """));
        Assert.Equal(Records - 1, await service.CountRowsAsync(dataset));
        Assert.Equal(
            ["id bigint", "who text", "mail text", "land text", "km numeric", "box text", "host character varying(20)", "code text"],
            (await service.RowsAsync($"""
                SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = '{dataset}'::regclass AND attnum > 0 ORDER BY attnum
                """))[..8]);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task What_an_op_rejects_is_told_as_it_was_sent(string commit, string contentType)
    {
        string dataset = $"ops_rejects_{commit}_{contentType[^3..]}";
        await service.DeclareAsync(dataset, Fields, commit, rest: Transforms);

        JobView job = await service.LoadAsync(dataset, DataOf(3, contentType), contentType);

        Assert.Equal(
            ["""[{"op": 4, "code": "unmapped", "field": "land", "value": " \"X\" ", "message": "The transforms map this field, and their table has no such text: add it, or set \"else\"."}]"""],
            await service.RowsAsync($"SELECT errors::text FROM pipeline.dead_letters WHERE job_id = '{job.Id}'"));
    }

    [Fact]
    public async Task What_was_put_is_what_is_got_and_can_be_put_again()
    {
        await service.DeclareAsync("ops_again", Fields, rest: Transforms);

        ApiAnswer got = await service.Api.GetAsync("/v1/datasets/ops_again");
        using var answer = JsonDocument.Parse(got.Body);
        JsonElement ops = answer.RootElement.GetProperty("definition").GetProperty("transforms");
        Assert.Equal(10, ops.GetArrayLength());
        Assert.Equal("""{"op":"mask","fields":["box"],"character":"*","keepFirst":1,"keepLast":0}""", ops[9].GetRawText());

        ApiAnswer put = await PutAsync("ops_again", got.Body);
        using var again = JsonDocument.Parse(put.Body);
        Assert.Equal((HttpStatusCode.OK, 1), (put.Status, again.RootElement.GetProperty("version").GetInt32()));
    }

    [Fact]
    public async Task A_new_op_that_sets_a_field_adds_its_column()
    {
        const string Field = """{ "name": "a", "type": "string" }""";
        await service.DeclareAsync("ops_grown", Field);
        await service.LoadAsync("ops_grown", "a\nx 1\n");
        await service.DeclareAsync("ops_grown", Field, rest: """
            , "transforms": [ { "op": "split", "field": "a", "separator": " ", "into": [ "a", { "name": "n", "type": "integer" } ] } ]
            """);

        JobView job = await service.LoadAsync("ops_grown", "a\ny 2\nz q\n");

        Assert.Equal(["x 1:~", "y:2"], await service.RowsAsync("SELECT a || ':' || coalesce(n::text, '~') FROM ops_grown ORDER BY a"));
        Assert.Equal(["2:3 type_mismatch n z q"], await service.DeadLettersAsync(job));
    }

    [Fact]
    public async Task Fields_that_a_header_does_not_have_get_their_default()
    {
        await service.DeclareAsync(
            "ops_default", """{ "name": "a" }, { "name": "b" }, { "name": "c" }""", schema: """, "fieldsMatch": "superset" """,
            rest: """, "transforms": [ { "op": "default", "fields": ["b"], "value": "B" } ]""");
        await service.Database.ExecuteAsync("ALTER TABLE ops_default ALTER b SET DEFAULT 'table', ALTER c SET DEFAULT 'table'");

        await service.LoadAsync("ops_default", "a\n1\n");

        Assert.Equal(["1 B table"], await service.RowsAsync("SELECT concat_ws(' ', a, b, c) FROM ops_default"));
    }

    [Fact]
    public async Task Rejects_of_NDJSON_as_CSV_have_the_columns_of_the_data()
    {
        await service.DeclareAsync("ops_mend", Fields, rest: Transforms);
        JobView job = await service.LoadAsync("ops_mend", DataOf(3, "application/x-ndjson"), "application/x-ndjson");

        ApiAnswer answer = await service.Api.GetAsync($"/v1/jobs/{job.Id}/dead-letters", ("Accept", "text/csv"));

        Assert.StartsWith("id,who,mail,land,km,_raw,", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tests_of_a_definition_see_what_the_ops_make()
    {
        const string Definition = """
            { "schema": { "fields": [ { "name": "a", "type": "string" } ] },
              "transforms": [ { "op": "split", "field": "a", "separator": "-", "into": [ "a", { "name": "n", "type": "integer" } ] } ],
              "tests": [ { "record": { "a": "x-7" }, "row": { "a": "x", "n": 7 } }, { "record": { "a": "x-y" }, "rejected": "REASON" } ] }
            """;

        ApiAnswer refused = await PutAsync("ops_tests", Definition.Replace("REASON", "required", StringComparison.Ordinal));
        Assert.Equal(["/tests/1/rejected"], refused.Problem.Errors!.Keys);
        ApiAnswer taken = await PutAsync("ops_tests", Definition.Replace("REASON", "type_mismatch", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Created, taken.Status);
    }

    [Fact]
    public async Task What_an_op_cuts_is_counted_on_the_job()
    {
        await service.DeclareAsync("ops_cut", """{ "name": "a", "type": "string" }""", rest: """
            , "transforms": [ { "op": "trim", "fields": ["a"] }, { "op": "truncate", "name": "short", "fields": ["a"], "length": 2 } ]
            """);

        JobView job = await service.LoadAsync("ops_cut", "a\nabc\nab \nabcd\n");

        Assert.Equal([new TransformView(1, "truncate", "short", 2)], job.Transforms);
    }

    [Fact]
    public async Task A_secret_that_is_not_set_is_a_fault_of_the_definition_and_never_shown()
    {
        ApiAnswer answer = await PutAsync("ops_secret", """
            { "schema": { "fields": [ { "name": "a", "type": "string" } ] }, "transforms": [
              { "op": "hash", "fields": ["a"], "secret": "PII_SALT" }, { "op": "hash", "fields": ["a"], "secret": "PEPPER" },
              { "op": "hash", "fields": ["a"], "algorithm": "sha256", "saltFrom": "SALT" } ] }
            """);

        using var problem = JsonDocument.Parse(answer.Body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(
            ["/transforms/1/secret", "/transforms/2/saltFrom"],
            problem.RootElement.GetProperty("errors").EnumerateObject().Select(error => error.Name));
        Assert.DoesNotContain("not to be seen", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hash_without_a_key_warns_where_the_field_is_personal()
    {
        ApiAnswer answer = await PutAsync("ops_warned", """
            { "schema": { "fields": [ { "name": "a", "type": "string" } ] }, "transforms": [
              { "op": "hash", "fields": ["a"], "algorithm": "sha256", "pii": true } ] }
            """);

        using var answered = JsonDocument.Parse(answer.Body);
        Assert.Equal(
            ["/transforms/0/algorithm"], answered.RootElement.GetProperty("warnings").EnumerateObject().Select(warning => warning.Name));
    }

    [Fact]
    public async Task A_job_whose_secret_is_gone_fails_and_says_which()
    {
        await service.DeclareAsync("ops_gone", """{ "name": "a", "type": "string" }""");
        DatasetCatalog catalog = service.Service.Services.GetRequiredService<DatasetCatalog>();
        DatasetVersion declared = (await catalog.FindAsync("ops_gone", TestContext.Current.CancellationToken))!;
        DatasetDefinition definition = declared.Definition with { Transforms = [new HashOp { Fields = ["a"], Secret = "GONE" }] };
        foreach (int ticks in (int[])[1, 0])
        {
            // One of the same instant is kept: one of another comes between.
            catalog.Remember(new DatasetVersion(
                "ops_gone", declared.Version, declared.CreatedAt.AddTicks(ticks), definition, new DatasetSecrets(new DatasetsOptions())));
        }

        JobView job = await service.LoadAsync("ops_gone", "a\nsecret value\n");

        Assert.Equal((JobState.Failed, "secret_missing"), (job.State, job.Error?.Code));
        Assert.Contains("GONE", job.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(0, await service.CountRowsAsync("ops_gone"));
    }

    private async Task<ApiAnswer> PutAsync(string dataset, string definition)
    {
        using StringContent body = new(definition, Encoding.UTF8, "application/json");
        return await service.Api.PutAsync($"/v1/datasets/{dataset}", body);
    }

    private static byte[] DataOf(int records, string contentType) => Encoding.UTF8.GetBytes(contentType == "text/csv"
        ? "id,who,mail,land,km\n" + string.Concat(Enumerable.Range(1, records).Select(i => i switch
        {
            2 => "2,,-,AT,-\n",
            3 => "3,x,y@z,\" \"\"X\"\" \",1\n",
            _ => $"{i},\" Ann  \"\"A\"\"\t B \",Ann{i}@Example.org , UK,1.5\n",
        }))
        : string.Concat(Enumerable.Range(1, records).Select(i => i switch
        {
            2 => "{\"id\":2,\"who\":\"\",\"mail\":\"-\",\"land\":\"AT\"}\n",
            3 => "{\"id\":3,\"who\":\"x\",\"mail\":\"y@z\",\"land\":\" \\\"X\\\" \",\"km\":1}\n",
            _ => $$"""{"id":{{i}},"who":" Ann  \"A\"\t B ","mail":"Ann{{i}}\u0040Example.org ","land":" UK","km":1.5}""" + "\n",
        })));

    public sealed class Service(PostgresServer server) : LoadingService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [.. base.Settings, ("Datasets:Secrets:PII_SALT", "not to be seen")];
    }
}
