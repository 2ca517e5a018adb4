using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets;

/// <summary>What a definition and the database say together about the type of a column.</summary>
public sealed class ColumnTypesTests(DatabaseTypes service) : IClassFixture<DatabaseTypes>
{
    [Fact]
    public async Task A_table_is_made_with_the_types_that_are_named_and_says_them_in_full()
    {
        const string Fields = """
            { 'name': 'a', 'type': 'string', 'sqlType': 'MOOD' }, { 'name': 'b', 'type': 'string', 'sqlType': 'char(3)' },
            { 'name': 'c', 'type': 'string', 'sqlType': 'public.citext []' }, { 'name': 'd', 'type': 'number', 'sqlType': 'money' },
            { 'name': 'e', 'type': 'datetime', 'sqlType': 'timestamptz(3)' },
            { 'name': 'f', 'type': 'string', 'sqlType': '\"Other one\".\"Great \"\"mood\"\"\"' },
            { 'name': 'g', 'type': 'string', 'sqlType': 'interval day to second(2)' }, { 'name': 'h', 'type': 'string', 'sqlType': 'bit' }
            """;

        ApiAnswer created = await PutAsync("typed_made", Fields);
        ApiAnswer again = await PutAsync("typed_made", Fields);
        ApiAnswer given = await SendAsync("typed_made", JsonNode.Parse(created.Body)!["definition"]!.ToJsonString());

        Assert.Equal(
            [
                "public.mood", "character(3)", "public.citext[]", "money", "timestamp(3) with time zone",
                "\"Other one\".\"Great \"\"mood\"\"\"", "interval day to second(2)", "bit(1)",
            ],
            TypesIn(created));
        Assert.Equal((HttpStatusCode.Created, "\"1\""), (created.Status, created["ETag"]));
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (again.Status, again["ETag"]));
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (given.Status, given["ETag"]));
        Assert.Equal(
            "mood,character(3),citext[],money,timestamp(3) with time zone,\"Other one\".\"Great \"\"mood\"\"\","
                + "interval day to second(2),bit(1),uuid,bigint",
            await service.Database.ScalarAsync<string>("""
                SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = 'public.typed_made'::regclass AND attnum > 0
                """));
    }

    [Fact]
    public async Task A_table_that_is_there_decides_where_a_field_names_no_type()
    {
        await service.Database.ExecuteAsync("""
            CREATE TABLE public.typed_there (a mood, b word, c short_word, d integer[], e timestamp(3) with time zone, f time(0), g positive,
                h document, i inet, j xml, _job_id uuid, _record bigint)
            """);

        ApiAnswer answer = await PutAsync("typed_there", """
            { 'name': 'a', 'type': 'string' }, { 'name': 'b', 'type': 'string' }, { 'name': 'c', 'type': 'string' },
            { 'name': 'd', 'type': 'array' }, { 'name': 'e', 'type': 'datetime' }, { 'name': 'f', 'type': 'time' },
            { 'name': 'g', 'type': 'integer' }, { 'name': 'h', 'type': 'object' }, { 'name': 'i', 'sqlType': 'text' },
            { 'name': 'j', 'type': 'string', 'sqlType': 'XML' }
            """);

        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
        Assert.Equal(
            [
                "public.mood", "text", "public.short_word", "integer[]", "timestamp(3) with time zone", "time(0) without time zone",
                "bigint", "jsonb", "inet", "xml",
            ],
            TypesIn(answer));
    }

    [Fact]
    public async Task Types_that_there_are_not_are_told_all_at_once()
    {
        ApiAnswer answer = await PutAsync("typed_wrong", """
            { 'name': 'a', 'type': 'string', 'sqlType': 'modo' }, { 'name': 'b', 'type': 'string', 'sqlType': 'char(0)' },
            { 'name': 'c', 'type': 'string', 'sqlType': 'anyelement' }, { 'name': 'd', 'type': 'date', 'sqlType': 'money' },
            { 'name': 'e', 'type': 'string', 'sqlType': 'mood' }, { 'name': 'f', 'type': 'integer', 'sqlType': 'bigin' },
            { 'name': 'g', 'type': 'array', 'sqlType': 'odd_numbers' }, { 'name': 'h', 'type': 'string', 'sqlType': 'setof mood' },
            { 'name': 'i', 'type': 'string', 'sqlType': 'mood check (true)' }
            """);

        Problem problem = answer.Problem;
        Assert.Equal(("invalid_definition", HttpStatusCode.BadRequest), (problem.Code, answer.Status));
        Assert.Equal(
            ["/schema/fields/0", "/schema/fields/1", "/schema/fields/2", "/schema/fields/3", "/schema/fields/5", "/schema/fields/6", "/schema/fields/7", "/schema/fields/8"],
            problem.Errors!.Keys.Select(pointer => pointer.Replace("/sqlType", "", StringComparison.Ordinal)));
        Assert.StartsWith("The database has no column type \"modo\".", Sentence(problem, 0), StringComparison.Ordinal);
        Assert.Contains("length for type", Sentence(problem, 1), StringComparison.Ordinal);
        Assert.Contains("pseudo-type", Sentence(problem, 2), StringComparison.Ordinal);
        Assert.Contains("A field of type date cannot be stored as money", Sentence(problem, 3), StringComparison.Ordinal);
        Assert.Contains("Did you mean \"bigint\"?", Sentence(problem, 5), StringComparison.Ordinal);
        Assert.Contains("or a field of type string", Sentence(problem, 6), StringComparison.Ordinal);
        Assert.False(await service.Database.ScalarAsync<bool>("SELECT to_regclass('public.typed_wrong') IS NOT NULL"));
    }

    [Fact]
    public async Task A_type_that_no_key_can_have_is_refused_in_a_sentence()
    {
        ApiAnswer answer = await SendAsync("typed_key", """
            { 'schema': { 'fields': [ { 'name': 'a', 'type': 'string', 'sqlType': 'xml' } ], 'primaryKey': ['a'] } }
            """);

        Assert.Equal("invalid_definition", answer.Problem.Code);
        Assert.Contains("no default operator class", answer.Problem.Errors!["/schema/primaryKey"][0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_contradicts_is_told_with_the_way_out()
    {
        await service.Database.ExecuteAsync("""
            CREATE TABLE public.typed_other (a money, b small, c mood, d integer, e odd_numbers, f timestamp(3), _job_id uuid, _record bigint)
            """);

        ApiAnswer answer = await PutAsync("typed_other", """
            { 'name': 'a', 'type': 'number' }, { 'name': 'b', 'type': 'integer' }, { 'name': 'c', 'type': 'string', 'sqlType': 'varchar' },
            { 'name': 'd', 'type': 'string' }, { 'name': 'e', 'type': 'array' }, { 'name': 'f', 'type': 'datetime' }
            """);

        Assert.Equal("table_mismatch", answer.Problem.Code);
        Assert.Equal(
            [
                "Column \"a\" is money in the table and numeric here. Declare the field as string, and PostgreSQL reads its text;"
                    + " or name \"money\" as sqlType.",
                "Column \"b\" is public.small in the table and bigint here. It is a domain over smallint: name that as sqlType, or the"
                    + " domain itself.",
                "Column \"c\" is public.mood in the table and character varying here. Declare the field as string, and PostgreSQL reads"
                    + " its text; or name \"public.mood\" as sqlType.",
                "Column \"d\" is integer in the table and text here. ALTER TABLE \"public\".\"typed_other\" ALTER COLUMN \"d\" TYPE text"
                    + " makes it so.",
                "Column \"e\" is public.odd_numbers in the table and jsonb here. It is a domain over integer[]: name that as sqlType.",
                "Column \"f\" is timestamp(3) without time zone in the table and timestamp with time zone here. ALTER TABLE"
                    + " \"public\".\"typed_other\" ALTER COLUMN \"f\" TYPE timestamp with time zone makes it so. Name"
                    + " \"timestamp(3) without time zone\" as sqlType.",
            ],
            Enumerable.Range(0, 6).Select(i => Sentence(answer.Problem, i)));
    }

    [Fact]
    public async Task A_rule_beside_a_trigger_is_refused_where_only_text_can_be_sent()
    {
        await service.Database.ExecuteAsync("""
            CREATE TABLE public.typed_rule (a inet, b mood, _job_id uuid, _record bigint);
            CREATE FUNCTION typed_rule() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER typed BEFORE INSERT ON typed_rule FOR EACH ROW EXECUTE FUNCTION typed_rule();
            CREATE RULE typed AS ON INSERT TO typed_rule DO ALSO NOTIFY typed
            """);

        ApiAnswer text = await PutAsync("typed_rule", "{ 'name': 'a', 'type': 'string' }, { 'name': 'b', 'type': 'string' }");
        ApiAnswer binary = await PutAsync("typed_rule", "{ 'name': 'b', 'type': 'string' }");

        Assert.Contains("with column \"a\"", Assert.Single(text.Problem.Errors!["/load/table"]), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, binary.Status);
    }

    private static string Sentence(Problem problem, int field) => Assert.Single(problem.Errors![$"/schema/fields/{field}/sqlType"]);

    private static IEnumerable<string> TypesIn(ApiAnswer answer) =>
        JsonNode.Parse(answer.Body)!["definition"]!["schema"]!["fields"]!.AsArray().Select(f => (string)f!["sqlType"]!);

    private Task<ApiAnswer> PutAsync(string dataset, string fields) =>
        SendAsync(dataset, $"{{ 'schema': {{ 'fields': [ {fields} ] }} }}");

    private async Task<ApiAnswer> SendAsync(string dataset, string definition)
    {
        using StringContent body = new(definition.Replace('\'', '"'), Encoding.UTF8, "application/json");
        return await service.Api.PutAsync($"/v1/datasets/{dataset}", body);
    }
}
