using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets;

public sealed class TargetTableTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Makes_a_table_with_key_and_lineage_and_marks_it()
    {
        Assert.Null(await PrepareAsync("made", """
            { 'schema': { 'fields': [
                { 'name': 'Id \'x', 'type': 'integer' }, { 'name': 'at', 'type': 'datetime' },
                { 'name': 'fare', 'type': 'number', 'sqlType': 'numeric(10,2)', 'constraints': { 'required': true } } ],
              'primaryKey': ['Id \'x'] } }
            """));

        Assert.Equal(
            "Id \"x bigint true,at timestamp with time zone false,fare numeric(10,2) true,_job_id uuid true,_record bigint true",
            await ColumnsAsync("made"));
        Assert.Equal(
            "Created by PipelineService for dataset \"made\".",
            await database.ScalarAsync<string>("SELECT obj_description('public.made'::regclass)"));
        TableShape? shape = await LookAsync("made");
        Assert.Equal(["Id \"x"], Assert.Single(shape!.UniqueIndexes).Columns);
        Assert.True(shape.Constraints.IsEmpty && shape.Triggers.IsEmpty);
    }

    [Fact]
    public async Task Grows_a_table_of_its_own_by_required_columns_only_while_it_is_empty()
    {
        const string New = "{ 'name': 'b', 'type': 'integer', 'constraints': { 'required': true } }";
        const string Newer = "{ 'name': 'c', 'type': 'integer', 'constraints': { 'required': true } }";
        Assert.Null(await PrepareAsync("grown", Fields("{ 'name': 'a' }")));
        Assert.Null(await PrepareAsync("grown", Fields("{ 'name': 'a' }", New)));
        await database.ExecuteAsync("INSERT INTO public.grown VALUES ('x', gen_random_uuid(), 1, 2)");
        Assert.Null(await PrepareAsync("grown", Fields("{ 'name': 'a' }", New, Newer)));

        Assert.Equal(
            "a text false,_job_id uuid true,_record bigint true,b bigint true,c bigint false", await ColumnsAsync("grown"));
    }

    [Fact]
    public async Task Says_which_required_columns_take_null_because_there_are_rows()
    {
        const string Required = "{ 'name': 'b', 'constraints': { 'required': true } }";
        const string Newer = "{ 'name': 'c', 'constraints': { 'required': true } }";
        Assert.Equal(PreparedTable.Ready, await DeclareAsync("lax", Fields("{ 'name': 'a' }", "{ 'name': 'b' }")));
        Assert.Equal(PreparedTable.Ready, await DeclareAsync("lax", Fields("{ 'name': 'a' }", Required)));
        Assert.StartsWith("a text false,b text true,", await ColumnsAsync("lax"), StringComparison.Ordinal);
        await database.ExecuteAsync(
            "ALTER TABLE public.lax ALTER b DROP NOT NULL; INSERT INTO public.lax VALUES ('x', NULL, gen_random_uuid(), 1)");

        IReadOnlyDictionary<string, string[]>? warnings = (await DeclareAsync("lax", Fields("{ 'name': 'a' }", Required, Newer))).Warnings;

        Assert.Equal(["/schema/fields/1/constraints/required", "/schema/fields/2/constraints/required"], warnings?.Keys);
        Assert.Contains(
            "ALTER TABLE \"public\".\"lax\" ALTER COLUMN \"b\" SET NOT NULL",
            warnings!["/schema/fields/1/constraints/required"][0], StringComparison.Ordinal);
        Assert.Equal(
            "a text false,b text false,_job_id uuid true,_record bigint true,c text false", await ColumnsAsync("lax"));

        await database.ExecuteAsync(
            "UPDATE public.lax SET b = '', c = ''; ALTER TABLE public.lax ALTER COLUMN \"b\" SET NOT NULL, ALTER COLUMN \"c\" SET NOT NULL");
        Assert.Equal(PreparedTable.Ready, await DeclareAsync("lax", Fields("{ 'name': 'a' }", Required, Newer)));
    }

    [Fact]
    public async Task Says_nothing_of_null_in_a_table_that_it_did_not_make()
    {
        await database.ExecuteAsync("CREATE TABLE public.their_own (a text, _job_id uuid, _record bigint)");

        Assert.Equal(
            PreparedTable.Ready, await DeclareAsync("their_own", Fields("{ 'name': 'a', 'constraints': { 'required': true } }")));
        Assert.Equal("a text false,_job_id uuid false,_record bigint false", await ColumnsAsync("their_own"));
    }

    /// <summary>Each column type to each other: PostgreSQL takes the statement, and what it makes is what is declared.</summary>
    [Fact]
    public async Task The_statement_that_changes_a_type_is_one_that_PostgreSQL_takes()
    {
        string[] types = ["text", "character varying(10)", "uuid", "smallint", "integer", "bigint", "real", "double precision", "numeric",
            "numeric(10,2)", "boolean", "date", "time without time zone", "timestamp without time zone", "timestamp with time zone",
            "json", "jsonb"];
        await database.ExecuteAsync("CREATE TABLE public.changing (\"A b\" text)");
        string actual = "text";
        foreach (string from in types)
        {
            foreach (string to in types.Where(to => to != from))
            {
                await ChangeAsync(from);
                await ChangeAsync(to);
                Assert.Equal($"A b {to} false", await ColumnsAsync("changing"));
            }
        }

        async Task ChangeAsync(string to)
        {
            await database.ExecuteAsync(TypeChange.Statement(new TableName("public", "changing"), "A b", actual, to));
            actual = to;
        }
    }

    [Fact]
    public async Task A_value_that_is_too_long_stops_a_change_of_type_and_is_not_cut()
    {
        await database.ExecuteAsync("CREATE TABLE public.kept (a text); INSERT INTO public.kept VALUES ('0123456789')");

        await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync(
            TypeChange.Statement(new TableName("public", "kept"), "a", "text", "character varying(5)")));
    }

    [Theory]
    [InlineData("integer", "ALTER TABLE \"public\".\"{0}\" ALTER COLUMN \"a\" TYPE bigint makes it so.")]
    [InlineData("number", "TYPE numeric makes it so. Name \"double precision\" as sqlType.")]
    [InlineData("boolean", "TYPE boolean USING \"a\"::text::boolean makes it so.")]
    [InlineData("string", "TYPE text makes it so.")]
    public async Task A_contradiction_of_types_names_the_statement_that_ends_it(string type, string words)
    {
        string table = $"typed_{type}";
        await database.ExecuteAsync($"CREATE TABLE public.{table} (a double precision, _job_id uuid, _record bigint)");

        Problem? problem = await PrepareAsync(table, Fields($"{{ 'name': 'a', 'type': '{type}' }}"));

        Assert.EndsWith(
            words.Replace("{0}", table, StringComparison.Ordinal), Assert.Single(problem!.Errors!["/schema/fields/0/sqlType"]),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_everything_in_which_a_strange_table_contradicts()
    {
        await database.ExecuteAsync("""
            CREATE TABLE public.strange (
                a integer, b text NOT NULL, c text GENERATED ALWAYS AS ('x') STORED,
                other text NOT NULL, fine text NOT NULL DEFAULT '', also bigint GENERATED ALWAYS AS IDENTITY)
            """);

        Problem? problem = await PrepareAsync("strange", """
            { 'schema': { 'fields': [
                { 'name': 'a', 'type': 'integer' }, { 'name': 'b', 'type': 'string' }, { 'name': 'c', 'type': 'string' },
                { 'name': 'd', 'type': 'string' } ], 'primaryKey': ['a'] } }
            """);

        Assert.Equal("table_mismatch", problem?.Code);
        Assert.Equal(
            [
                "/schema/fields/0/sqlType",
                "/schema/fields/1/constraints/required",
                "/schema/fields/2/name",
                "/schema/fields/3/name",
                "/load/lineage",
                "/schema/fields",
                "/schema/primaryKey",
            ],
            problem?.Errors?.Keys);
        Assert.Equal(2, problem?.Errors?["/load/lineage"].Length);
        Assert.Equal("a,b,c,other,fine,also", await database.ScalarAsync<string>(
            "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'public.strange'::regclass AND attnum > 0"));
    }

    [Fact]
    public async Task Takes_a_strange_table_that_fits()
    {
        await database.ExecuteAsync("""
            CREATE TABLE public.fits (a bigint, b text, _job_id uuid, _record bigint, c text DEFAULT 'x', CHECK (a > 0));
            CREATE UNIQUE INDEX ON public.fits (b, a);
            CREATE UNIQUE INDEX ON public.fits (lower(b)) WHERE a > 5;
            """);

        Assert.Null(await PrepareAsync("fits", """
            { 'schema': { 'fields': [
                { 'name': 'a', 'type': 'integer' }, { 'name': 'b', 'type': 'string' } ], 'primaryKey': ['a', 'b'] } }
            """));
        TableShape? shape = await LookAsync("fits");
        Assert.Equal("c", Assert.Single(shape!.Constraints).Kind);
        Assert.Equal([true, false], shape.UniqueIndexes.Select(i => i.IsPlain));
    }

    [Fact]
    public async Task Names_the_way_without_lineage_where_its_columns_are_missing_or_of_another_type()
    {
        await database.ExecuteAsync("CREATE TABLE public.traceless (a text, _job_id text)");

        Problem? problem = await PrepareAsync("traceless", Fields("{ 'name': 'a' }"));

        Assert.Equal(2, problem!.Errors!["/load/lineage"].Length);
        Assert.All(problem.Errors["/load/lineage"], message => Assert.EndsWith("set load.lineage to false.", message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a_sequence", "CREATE SEQUENCE public.a_sequence", "Is a sequence: rows go into tables and views.")]
    [InlineData("an_index", "CREATE TABLE public.indexed (a text); CREATE INDEX an_index ON public.indexed (a)", "Is an index:")]
    [InlineData("composite", "CREATE TYPE public.composite AS (a text)", "Is a composite type:")]
    [InlineData("materialized", "CREATE MATERIALIZED VIEW public.materialized AS SELECT 'x' AS a", "name the table behind it.")]
    [InlineData(
        "fixed_view", "CREATE VIEW public.fixed_view AS SELECT 'x' AS a",
        "or give the view an INSTEAD OF INSERT trigger for each row.")]
    [InlineData(
        "ruled_view", """
        CREATE TABLE public.ruled (a text);
        CREATE VIEW public.ruled_view AS SELECT a FROM public.ruled;
        CREATE RULE r AS ON INSERT TO public.ruled_view DO INSTEAD INSERT INTO public.ruled VALUES (NEW.a)
        """, "Is a view with a rule for INSERT,")]
    [InlineData(
        "foreign_table", """
        CREATE FOREIGN DATA WRAPPER nothing_a; CREATE SERVER nowhere_a FOREIGN DATA WRAPPER nothing_a;
        CREATE FOREIGN TABLE public.foreign_table (a text) SERVER nowhere_a
        """, "Is a foreign table: its rows are not committed in the transaction")]
    [InlineData(
        "half_foreign", """
        CREATE FOREIGN DATA WRAPPER nothing_b; CREATE SERVER nowhere_b FOREIGN DATA WRAPPER nothing_b;
        CREATE TABLE public.half_foreign (a text) PARTITION BY LIST (a);
        CREATE TABLE public.here PARTITION OF public.half_foreign DEFAULT;
        CREATE FOREIGN TABLE public.there PARTITION OF public.half_foreign FOR VALUES IN ('x') SERVER nowhere_b
        """, "Has a partition \"there\" that is a foreign table:")]
    public async Task Refuses_what_takes_no_rows_and_says_the_way_out(string table, string create, string words)
    {
        await database.ExecuteAsync(create);

        Problem? problem = await PrepareAsync(table, Fields("{ 'name': 'a' }"));

        Assert.Equal(["/load/table"], problem?.Errors?.Keys);
        Assert.Contains(words, Assert.Single(problem!.Errors!["/load/table"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tells_which_columns_of_a_view_take_no_values_and_that_it_keeps_no_key()
    {
        await database.ExecuteAsync("""
            CREATE TABLE public.behind (a text PRIMARY KEY, _job_id uuid, _record bigint);
            CREATE VIEW public.in_front AS SELECT a, upper(a) AS b, _job_id, _record FROM public.behind
            """);

        Problem? problem = await PrepareAsync("in_front", """
            { 'schema': { 'fields': [ { 'name': 'a' }, { 'name': 'b' } ], 'primaryKey': ['a'] } }
            """);

        Assert.Equal(["/schema/fields/1/name", "/schema/primaryKey"], problem?.Errors?.Keys);
        Assert.Equal(["Column \"b\" is generated by the view: it takes no values."], problem!.Errors!["/schema/fields/1/name"]);
        Assert.Contains("leave it out", problem.Errors["/schema/primaryKey"][0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_a_schema_that_is_not_there()
    {
        Problem? problem = await PrepareAsync(
            "nowhere", "{ 'schema': { 'fields': [ { 'name': 'a' } ] }, 'load': { 'table': 'nowhere.a' } }");

        Assert.Equal(
            ["There is no schema \"nowhere\": CREATE SCHEMA \"nowhere\" makes it."], problem!.Errors!["/load/table"]);
    }

    [Fact]
    public async Task Two_datasets_with_one_new_table_take_turns()
    {
        Problem?[] problems = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => PrepareAsync(
            $"shared_{i}", $"{{ 'schema': {{ 'fields': [ {{ 'name': 'f{i}' }} ] }}, 'load': {{ 'table': 'shared' }} }}")));

        Assert.All(problems, Assert.Null);
        Assert.Equal(6L, await database.ScalarAsync<long>(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'public.shared'::regclass AND attnum > 0"));
    }

    [Fact]
    public async Task There_is_nothing_to_see_without_a_table() => Assert.Null(await LookAsync("nothing"));

    private static string Fields(params string[] fields) =>
        $"{{ 'schema': {{ 'fields': [ {string.Join(", ", fields)} ] }} }}";

    private Task<string?> ColumnsAsync(string table) => database.ScalarAsync<string>($"""
        SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull::text, ',' ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = 'public.{table}'::regclass AND attnum > 0
        """);

    private async Task<Problem?> PrepareAsync(string dataset, string definition) =>
        (await DeclareAsync(dataset, definition)).Problem;

    private async Task<PreparedTable> DeclareAsync(string dataset, string definition)
    {
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Token);
        PreparedTable table = await TargetTable.PrepareAsync(
            connection, dataset, DefinitionText.Read(definition, dataset), Token);
        await transaction.CommitAsync(Token);
        Assert.True(table.Problem is null || table.Warnings is null);
        return table;
    }

    private async Task<TableShape?> LookAsync(string table)
    {
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        return await TargetTable.LookAsync(connection, new TableName("public", table), Token);
    }
}
