using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting;
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

    [Theory]
    [InlineData("a_view", "CREATE VIEW public.a_view AS SELECT 1 AS a")]
    [InlineData("partitioned", "CREATE TABLE public.partitioned (a text) PARTITION BY LIST (a)")]
    [InlineData("a_sequence", "CREATE SEQUENCE public.a_sequence")]
    public async Task Refuses_what_is_no_ordinary_table(string table, string create)
    {
        await database.ExecuteAsync(create);

        Problem? problem = await PrepareAsync(table, Fields("{ 'name': 'a' }"));

        Assert.Equal(["/load/table"], problem?.Errors?.Keys);
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

    private async Task<Problem?> PrepareAsync(string dataset, string definition)
    {
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Token);
        Problem? problem = await TargetTable.PrepareAsync(
            connection, dataset, DefinitionText.Read(definition, dataset), Token);
        await transaction.CommitAsync(Token);
        return problem;
    }

    private async Task<TableShape?> LookAsync(string table)
    {
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        return await TargetTable.LookAsync(connection, new TableName("public", table), Token);
    }
}
