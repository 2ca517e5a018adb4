using System.Net;
using System.Text;
using PipelineService.Datasets;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets.Tables.Keys;

/// <summary>
/// Keys that a definition asks for: the table keeps them, across uploads, and each record that breaks one is a dead letter. Each test has
/// its own table, called after it.
/// </summary>
public sealed class KeyTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string A = "{ 'name': 'a', 'type': 'integer' }";
    private const string B = "{ 'name': 'b', 'type': 'string' }";
    private const string UniqueA = "{ 'name': 'a', 'type': 'integer', 'constraints': { 'unique': true } }";

    [Fact]
    public async Task A_unique_field_is_so_within_an_upload_and_across_uploads()
    {
        await DeclareAsync("unique_field", [UniqueA, B]);

        JobView first = await service.LoadAsync("unique_field", "a,b\n1,x\n1,y\n2,z\n,n\n,m\n");
        JobView second = await service.LoadAsync("unique_field", "a,b\n2,x\n3,y\n,o\n");

        Assert.Equal(["2:3 unique a 1,y"], await service.DeadLettersAsync(first));
        Assert.Equal(["1:2 unique a 2,x"], await service.DeadLettersAsync(second));
        Assert.Equal(6, first.Records.Loaded + second.Records.Loaded); // three of them without a value, which are all different
    }

    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task Several_fields_are_unique_together(string commit)
    {
        string table = $"unique_together_{commit}";
        await DeclareAsync(table, [A, B], "'uniqueKeys': [ ['a', 'b'], ['b', 'a'] ]", commit);

        JobView job = await service.LoadAsync(table, "a,b\n1,x\n1,y\n1,x\n1,\n1,\n");

        Assert.Equal(["3:4 unique * 1,x"], await service.DeadLettersAsync(job));
        Assert.Equal(
            ["A row with this \"a\" and \"b\" exists already, in the table or earlier in the upload."],
            await service.RowsAsync($"SELECT errors->0->>'message' FROM pipeline.dead_letters WHERE job_id = '{job.Id}'"));
        Assert.Equal(1, await CountAsync(table, "contype = 'u'")); // the same fields twice are one key
    }

    [Fact]
    public async Task Each_key_is_kept_for_itself()
    {
        await DeclareAsync("all_keys", [A, B, "{ 'name': 'c', 'constraints': { 'unique': true } }"], "'primaryKey': 'a', 'uniqueKeys': [['b']]");

        JobView job = await service.LoadAsync("all_keys", "a,b,c\n1,x,p\n1,y,q\n2,x,q\n3,y,p\n4,z,r\n");

        Assert.Equal(
            ["2:3 unique a 1,y,q", "3:4 unique b 2,x,q", "4:5 unique c 3,y,p"], await service.DeadLettersAsync(job));
        Assert.Equal("p 1,u 2", await service.Database.ScalarAsync<string>("""
            SELECT string_agg(contype::text || ' ' || n, ',' ORDER BY contype) FROM (
                SELECT contype, count(*) AS n FROM pg_constraint WHERE conrelid = 'public.all_keys'::regclass GROUP BY contype) c
            """));
    }

    [Fact]
    public async Task A_foreign_key_names_a_dataset_a_table_or_nothing()
    {
        await service.Database.ExecuteAsync("CREATE TABLE public.\"Colours\" (\"Name\" text PRIMARY KEY); INSERT INTO public.\"Colours\" VALUES ('red')");
        await DeclareAsync("country_codes", ["{ 'name': 'code', 'type': 'string' }"], "'primaryKey': 'code'");
        await service.LoadAsync("country_codes", "code\nnl\nfr\n");
        await DeclareAsync(
            "cities",
            [A, "{ 'name': 'country' }", "{ 'name': 'colour' }", "{ 'name': 'twin', 'type': 'integer' }"],
            """
            'primaryKey': ['a'], 'foreignKeys': [
                { 'fields': ['country'], 'reference': { 'resource': 'country-codes', 'fields': ['code'] } },
                { 'fields': 'colour', 'reference': { 'resource': 'public.Colours', 'fields': 'Name' } },
                { 'fields': ['twin'], 'reference': { 'resource': '', 'fields': ['a'] } } ]
            """);

        JobView job = await service.LoadAsync(
            "cities", "a,country,colour,twin\n1,nl,red,2\n2,fr,,\n3,de,red,1\n4,nl,blue,1\n5,nl,red,9\n");

        Assert.Equal(
            ["3:4 foreign_key country 3,de,red,1", "4:5 foreign_key colour 4,nl,blue,1", "5:6 foreign_key twin 5,nl,red,9"],
            await service.DeadLettersAsync(job));
        Assert.Equal(
            ["Refers to a row that does not exist: none of country_codes has this \"code\". de"],
            await service.RowsAsync($"""
                SELECT errors->0->>'message' || ' ' || (errors->0->>'value') FROM pipeline.dead_letters
                WHERE job_id = '{job.Id}' AND record = 3
                """));
    }

    [Fact]
    public async Task What_a_foreign_key_refers_to_must_be_there()
    {
        await service.Database.ExecuteAsync("CREATE TABLE public.keyless (id bigint, name text); CREATE VIEW public.seen AS SELECT * FROM public.keyless");
        ApiAnswer answer = await PutAsync("referring", [A, B], """
            'foreignKeys': [
                { 'fields': 'a', 'reference': { 'resource': 'nowhere', 'fields': 'id' } },
                { 'fields': 'a', 'reference': { 'resource': 'public.nowhere', 'fields': 'id' } },
                { 'fields': 'a', 'reference': { 'resource': 'public.keyless', 'fields': 'idd' } },
                { 'fields': 'a', 'reference': { 'resource': 'public.keyless', 'fields': 'id' } },
                { 'fields': 'b', 'reference': { 'fields': 'b' } },
                { 'fields': 'a', 'reference': { 'resource': 'public.seen', 'fields': 'id' } } ]
            """);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_definition"), (answer.Status, answer.Problem.Code));
        Assert.Equal(
            [
                "/schema/foreignKeys/0/reference/resource: There is no dataset \"nowhere\": declare it first, or name a table as schema.table.",
                "/schema/foreignKeys/1/reference/resource: There is no table public.nowhere.",
                "/schema/foreignKeys/2/reference/fields: Table public.keyless has no column \"idd\". Did you mean \"id\"?",
                "/schema/foreignKeys/3/reference/fields: Table public.keyless has no primary key or unique index on (\"id\"), by which a row could "
                    + "be told: CREATE UNIQUE INDEX ON \"public\".\"keyless\" (\"id\") makes one.",
                "/schema/foreignKeys/4/reference/fields: Table public.referring has no primary key or unique index on (\"b\"), by which a row could "
                    + "be told: declare them as \"primaryKey\" or in \"uniqueKeys\".",
                "/schema/foreignKeys/5/reference/resource: public.seen is a view, and a foreign key refers to a table: name the table behind it.",
            ],
            answer.Problem.Errors!.SelectMany(e => e.Value.Select(said => $"{e.Key}: {said}")));
        Assert.Null(await service.Database.ScalarAsync<string>("SELECT to_regclass('public.referring')::text"));
    }

    [Fact]
    public async Task Types_that_cannot_be_compared_are_told_where_they_are_declared()
    {
        await service.Database.ExecuteAsync("CREATE TABLE public.dated (id date PRIMARY KEY)");

        ApiAnswer answer = await PutAsync(
            "undated", [A], "'foreignKeys': [ { 'fields': 'a', 'reference': { 'resource': 'public.dated', 'fields': 'id' } } ]");

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_definition"), (answer.Status, answer.Problem.Code));
        Assert.StartsWith("PostgreSQL refuses it: ", Assert.Single(answer.Problem.Errors!["/schema/foreignKeys/0"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_come_later_are_added_where_the_rows_allow_it()
    {
        await DeclareAsync("later", [A, B]);
        await service.LoadAsync("later", "a,b\n1,x\n2,x\n3,y\n4,y\n5,z\n,\n,\n");
        const string Keys = """
            'uniqueKeys': [['a'], ['b']], 'foreignKeys': [ { 'fields': 'b', 'reference': { 'resource': 'public.letters', 'fields': 'letter' } } ]
            """;
        await service.Database.ExecuteAsync("CREATE TABLE public.letters (letter text UNIQUE); INSERT INTO public.letters VALUES ('x'), ('y')");

        ApiAnswer refused = await PutAsync("later", [UniqueA, B], Keys);

        Assert.Equal((HttpStatusCode.Conflict, "constraint_not_added"), (refused.Status, refused.Problem.Code));
        Assert.Equal(["/schema/uniqueKeys/1", "/schema/foreignKeys/0"], refused.Problem.Errors!.Keys);
        Assert.StartsWith("4 rows of the table share their (\"b\") with another one: SELECT ", refused.Problem.Errors["/schema/uniqueKeys/1"][0], StringComparison.Ordinal);
        Assert.StartsWith("1 row of the table refer to none of public.letters: SELECT ", refused.Problem.Errors["/schema/foreignKeys/0"][0], StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync("later", "contype IN ('u', 'f')"));
        Assert.Equal(["x 2", "y 2"], await service.RowsAsync(
            $"SELECT b || ' ' || count FROM ({QueryIn(refused.Problem.Errors["/schema/uniqueKeys/1"][0])}) q ORDER BY b"));
        Assert.Equal(["z"], await service.RowsAsync(QueryIn(refused.Problem.Errors["/schema/foreignKeys/0"][0])));

        await service.Database.ExecuteAsync("DELETE FROM public.later WHERE a IN (2, 4, 5)");
        await DeclareAsync("later", [UniqueA, B], Keys);

        Assert.Equal(3, await CountAsync("later", "contype IN ('u', 'f')"));
        Assert.Equal(["1:2 unique a 1,w"], await service.DeadLettersAsync(await service.LoadAsync("later", "a,b\n1,w\n")));
    }

    /// <summary>A column that takes NULL, because there were rows before it was required, cannot be in a primary key.</summary>
    [Fact]
    public async Task A_primary_key_over_rows_without_a_value_keeps_the_others_apart()
    {
        await DeclareAsync("late_primary", [A]);
        await service.LoadAsync("late_primary", "a\n1\n\"\"\n");

        ApiAnswer answer = await PutAsync("late_primary", [A], "'primaryKey': 'a'");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(["/schema/fields/0/constraints/required"], answer.Read<DatasetAnswer>().Warnings!.Keys);
        Assert.Equal(["1:2 unique a 1"], await service.DeadLettersAsync(await service.LoadAsync("late_primary", "a\n1\n2\n")));
    }

    [Fact]
    public async Task A_key_that_is_not_asked_for_any_more_stays_and_that_is_said()
    {
        await DeclareAsync("dropped", [UniqueA, "{ 'name': 'up', 'type': 'integer' }"], "'foreignKeys': [ { 'fields': 'up', 'reference': { 'fields': 'a' } } ]");

        ApiAnswer answer = await PutAsync("dropped", [A, "{ 'name': 'up', 'type': 'integer' }"]);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(["/schema/uniqueKeys", "/schema/foreignKeys"], answer.Read<DatasetAnswer>().Warnings!.Keys);
        Assert.Equal(["1:2 foreign_key up 1,9"], await service.DeadLettersAsync(await service.LoadAsync("dropped", "a,up\n1,9\n")));
        foreach (string pointer in (string[])["/schema/foreignKeys", "/schema/uniqueKeys"])
        {
            string said = answer.Read<DatasetAnswer>().Warnings![pointer][0];
            await service.Database.ExecuteAsync(said[said.IndexOf("ALTER", StringComparison.Ordinal)..said.IndexOf(" ends that", StringComparison.Ordinal)]);
        }

        ApiAnswer quiet = await PutAsync("dropped", [A, "{ 'name': 'up', 'type': 'integer' }"]);
        Assert.Null(quiet.Read<DatasetAnswer>().Warnings);
        Assert.Empty(await service.DeadLettersAsync(await service.LoadAsync("dropped", "a,up\n1,9\n1,9\n")));
    }

    [Fact]
    public async Task A_table_that_the_service_did_not_make_must_have_the_keys()
    {
        await service.Database.ExecuteAsync(
            "CREATE TABLE public.foreign_one (a bigint, b text, _job_id uuid, _record bigint); CREATE TABLE public.parents (a bigint PRIMARY KEY)");
        const string Keys = "'uniqueKeys': [['a', 'b']], 'foreignKeys': [ { 'fields': 'a', 'reference': { 'resource': 'public.parents', 'fields': 'a' } } ]";

        ApiAnswer refused = await PutAsync("foreign_one", [UniqueA, B], Keys);

        Assert.Equal((HttpStatusCode.BadRequest, "table_mismatch"), (refused.Status, refused.Problem.Code));
        Assert.Equal(
            ["/schema/fields/0/constraints/unique", "/schema/uniqueKeys/0", "/schema/foreignKeys/0"], refused.Problem.Errors!.Keys);
        Assert.Equal(0, await CountAsync("foreign_one", "true"));

        foreach (string said in refused.Problem.Errors.Values.SelectMany(all => all))
        {
            int start = said.StartsWith("The table has no foreign key", StringComparison.Ordinal)
                ? said.IndexOf("ALTER", StringComparison.Ordinal)
                : said.IndexOf("CREATE", StringComparison.Ordinal);
            await service.Database.ExecuteAsync(said[start..said.IndexOf(" makes one", StringComparison.Ordinal)]);
        }

        await DeclareAsync("foreign_one", [UniqueA, B], Keys);
        JobView job = await service.LoadAsync("foreign_one", "a,b\n1,x\n");
        Assert.Equal(["1:2 foreign_key a 1,x"], await service.DeadLettersAsync(job));
    }

    [Fact]
    public async Task A_key_that_was_dropped_behind_our_back_ends_a_load()
    {
        await DeclareAsync("undone", [UniqueA, B], "'foreignKeys': [ { 'fields': 'a', 'reference': { 'fields': 'a' } } ]");
        await service.Database.ExecuteAsync("ALTER TABLE public.undone DROP CONSTRAINT undone_a_key CASCADE");

        JobView job = await service.LoadAsync("undone", "a,b\n1,x\n");

        Assert.Equal("target_refused", job.Error?.Code);
        Assert.Equal(["/schema/fields/0/constraints/unique", "/schema/foreignKeys/0"], job.Error!.Errors!.Keys.Order(StringComparer.Ordinal));
    }

    /// <summary>A table on which a key takes long is not held up: an event trigger stands for its size.</summary>
    [Fact]
    public async Task A_table_that_is_too_large_gets_its_keys_by_hand()
    {
        await DeclareAsync("vast", [A]);
        await service.Database.ExecuteAsync("""
            CREATE FUNCTION public.be_vast() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); END $$;
            CREATE EVENT TRIGGER vast ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION public.be_vast();
            """);
        ApiAnswer answer = await PutAsync("vast", [UniqueA]);
        await service.Database.ExecuteAsync("DROP EVENT TRIGGER vast");

        Assert.Equal((HttpStatusCode.Conflict, "constraint_not_added"), (answer.Status, answer.Problem.Code));
        string said = Assert.Single(answer.Problem.Errors!["/schema/fields/0/constraints/unique"]);
        Assert.Contains("CREATE UNIQUE INDEX CONCURRENTLY ON \"public\".\"vast\" (\"a\") does it", said, StringComparison.Ordinal);
        await service.Database.ExecuteAsync(said[said.IndexOf("CREATE", StringComparison.Ordinal)..said.IndexOf(" does it", StringComparison.Ordinal)]);

        await DeclareAsync("vast", [UniqueA]);
        Assert.Equal(0, await CountAsync("vast", "contype = 'u'"));
    }

    private static string QueryIn(string said) =>
        said[said.IndexOf("SELECT", StringComparison.Ordinal)..said.IndexOf(" lists them", StringComparison.Ordinal)];

    private Task<long> CountAsync(string table, string condition) => service.Database.ScalarAsync<long>(
        $"SELECT count(*) FROM pg_constraint WHERE conrelid = 'public.{table}'::regclass AND {condition}");

    private async Task DeclareAsync(string table, string[] fields, string keys = "", string commit = "job")
    {
        ApiAnswer answer = await PutAsync(table, fields, keys, commit);
        Assert.True(answer.Status is HttpStatusCode.Created or HttpStatusCode.OK, answer.Body);
    }

    private async Task<ApiAnswer> PutAsync(string table, string[] fields, string keys = "", string commit = "job")
    {
        string schema = $"{{ 'fields': [ {string.Join(", ", fields)} ]{(keys.Length == 0 ? "" : $", {keys}")} }}";
        using StringContent body = new(
            $"{{ 'schema': {schema}, 'load': {{ 'commit': '{commit}' }} }}".Replace('\'', '"'), Encoding.UTF8, "application/json");
        return await service.Api.PutAsync($"/v1/datasets/{table}", body);
    }
}
