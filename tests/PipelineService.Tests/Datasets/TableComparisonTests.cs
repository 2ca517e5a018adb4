using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Tables;

namespace PipelineService.Tests.Datasets;

/// <summary>What a table may become between its declaration and a load.</summary>
public sealed class TableComparisonTests
{
    [Theory]
    [InlineData("text", "text", true)]
    [InlineData("text", "character varying", true)]
    [InlineData("text", "character varying(10)", false)] // cuts blanks off
    [InlineData("text", "character(10)", false)]
    [InlineData("text", "boolean", false)]
    [InlineData("text", "jsonb", false)]
    [InlineData("text", "citext", false)]
    [InlineData("text", "text[]", false)]
    [InlineData("varchar(10)", "character varying(10)", true)]
    [InlineData("varchar(10)", "character varying(11)", true)]
    [InlineData("varchar(10)", "character varying(9)", false)]
    [InlineData("varchar(10)", "character varying", true)]
    [InlineData("varchar(10)", "text", true)]
    [InlineData("integer", "bigint", false)]
    [InlineData("bigint", "integer", false)]
    [InlineData("bigint", "timestamp with time zone", false)]
    [InlineData("bigint", "numeric", false)]
    [InlineData("double precision", "bigint", false)]
    [InlineData("double precision", "real", false)]
    [InlineData("numeric", "double precision", false)]
    [InlineData("numeric", "numeric(10,2)", false)] // rounds
    [InlineData("numeric(10,2)", "numeric", true)]
    [InlineData("numeric(10,2)", "numeric(12,4)", true)]
    [InlineData("numeric(10,2)", "numeric(10,3)", false)]
    [InlineData("numeric(10,2)", "numeric(12,1)", false)]
    [InlineData("timestamptz", "timestamp without time zone", false)]
    [InlineData("timestamptz", "timestamp(0) with time zone", false)]
    [InlineData("uuid", "text", false)]
    [InlineData("interval", "text", false)]
    [InlineData("interval", "interval(3)", false)] // rounds
    [InlineData("integer[]", "integer[]", true)]
    [InlineData("integer[]", "bigint[]", false)]
    [InlineData("bytea", "text", false)]
    [InlineData("json", "jsonb", false)]
    [InlineData("public.mood", "public.mood", true)]
    [InlineData("public.mood", "text", true)]
    [InlineData("public.mood", "character varying", false)]
    [InlineData("public.mood", "public.moods", false)]
    [InlineData("timestamptz(3)", "timestamp(3) with time zone", true)]
    [InlineData("timestamptz(3)", "timestamp(6) with time zone", true)]
    [InlineData("timestamptz(3)", "timestamp with time zone", true)]
    [InlineData("timestamptz(3)", "timestamp(2) with time zone", false)] // rounds
    public void A_column_of_another_type_is_loaded_only_if_it_keeps_every_value_as_it_is(string declared, string actual, bool fits)
    {
        Assert.Equal(fits, ContradictionsOf(declared, new ColumnShape("a", actual, false, false, false)).Count == 0);
        Assert.Equal(fits, ContradictionsOf(declared, new ColumnShape("a", "some_domain", false, false, false, actual)).Count == 0);
    }

    [Theory]
    [InlineData("bigint", "public.positive", "bigint", true)]
    [InlineData("bigint", "public.positive", "integer", false)]
    [InlineData("public.positive", "public.positive", "bigint", true)]
    [InlineData("varchar(10)", "public.word", "character varying(20)", false)]
    public void A_domain_may_be_declared_as_what_it_is_made_of(string declared, string actual, string made, bool fits) => Assert.Equal(
        fits,
        TableComparison.AtDeclaration(
            DefinitionOf(declared), Table([new ColumnShape("a", actual, false, false, false, made)])).Contradictions.Count == 0);

    [Fact]
    public void A_load_is_told_column_and_both_types()
    {
        var contradictions = ContradictionsOf("double precision", new ColumnShape("a", "bigint", false, false, false));

        Assert.Equal(
            ["Column \"a\" is bigint in the table and double precision here."], contradictions["/schema/fields/0/sqlType"]);
    }

    [Fact]
    public void A_column_that_is_gone_or_generated_now_is_told()
    {
        Assert.Contains("any more", Assert.Single(ContradictionsOf("text")["/schema/fields/0/name"]), StringComparison.Ordinal);
        Assert.Equal(
            ["/schema/fields/0/name"],
            ContradictionsOf("text", new ColumnShape("a", "text", false, true, IsGenerated: true)).Keys);
    }

    [Fact]
    public void What_single_rows_can_be_refused_for_is_left_to_the_rows() => Assert.Empty(ContradictionsOf(
        "text",
        new ColumnShape("a", "text", IsNotNull: true, false, false),
        new ColumnShape("other", "integer", IsNotNull: true, false, false)));

    [Theory]
    [InlineData("r", true)]
    [InlineData("p", true)]
    [InlineData("v", true)]
    [InlineData("f", false)]
    [InlineData("m", false)]
    public void A_load_goes_into_tables_and_views_only(string kind, bool fits) =>
        Assert.Equal(fits, ContradictionsOf("text", Table([new("a", "text", false, false, false)], kind)).Count == 0);

    [Fact]
    public void A_key_that_the_table_no_longer_keeps_is_told()
    {
        var definition = DefinitionText.Read("""
            { 'schema': { 'fields': [ { 'name': 'a', 'type': 'string' } ], 'primaryKey': ['a'] }, 'load': { 'lineage': false } }
            """);

        TableShape table = Table([new("a", "text", true, false, false)]);

        Assert.Equal(["/schema/primaryKey"], TableComparison.AtLoad(definition, table).Contradictions.Keys);
        Assert.Empty(TableComparison.AtLoad(
            definition, table with { UniqueIndexes = [new UniqueIndex("k", true, true, ["a"])] }).Contradictions);
    }

    private static IReadOnlyDictionary<string, string[]> ContradictionsOf(string declared, params ColumnShape[] columns) =>
        ContradictionsOf(declared, Table([.. columns]));

    private static IReadOnlyDictionary<string, string[]> ContradictionsOf(string declared, TableShape table) =>
        TableComparison.AtLoad(DefinitionOf(declared), table).Contradictions;

    private static DatasetDefinition DefinitionOf(string declared)
    {
        string type = declared switch
        {
            "integer" or "bigint" => "integer",
            "double precision" => "number",
            _ when declared.StartsWith("timestamptz", StringComparison.Ordinal) => "datetime",
            "json" => "object",
            _ when declared.StartsWith("numeric", StringComparison.Ordinal) => "number",
            _ => "string",
        };
        string sqlType = declared == "text" ? "" : $", 'sqlType': '{declared}'";
        return DefinitionText.Read(
            $"{{ 'schema': {{ 'fields': [ {{ 'name': 'a', 'type': '{type}'{sqlType} }} ] }}, 'load': {{ 'lineage': false }} }}");
    }

    private static TableShape Table(ImmutableArray<ColumnShape> columns, string kind = "r") => new(
        new RelationShape(kind, Comment: null, IsOwned: true, HasRowSecurity: false, CanInsert: true, HasRules: false),
        columns, [], [], []);
}
