using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using Xunit;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>What the schema does not declare, in one JSON object.</summary>
public sealed class RestTests
{
    private static readonly FieldDefinition Extra =
        new() { Name = "extra", Type = FieldType.Object, SqlType = new SqlType(SqlTypeName.Json) };

    [Theory]
    [InlineData("""{"a":"1","x": 1.50,"b":"2","y":{"z":[ null ]}}""", """1|2|{"x": 1.50,"y":{"z":[ null ]}}""")]
    [InlineData("""{"x":"\u0041\"","a":"1"}""", """1|~|{"x":"\u0041\""}""")]
    [InlineData("""{"\u0078":1,"\u0061":"1"}""", """1|~|{"\u0078":1}""")]
    [InlineData("""{"extra":{"q":1},"a":"1"}""", """1|~|{"extra":{"q":1}}""")]
    [InlineData("""{"a":"1","b":"2"}""", "1|2|~")]
    [InlineData("{}", "~|~|~")]
    public void Of_JSON_it_is_as_it_was_written(string record, string row) => Assert.Equal([$"101:201 {row}"], OfJson(record).Rows);

    [Theory]
    [InlineData("""{"a":"1","x":1,"x":2}""", "DuplicateField")]
    [InlineData("""{"a":"1","x":"\ud800"}""", "InvalidUtf8")]
    [InlineData("""{"a":"1","x":"\u0000"}""", "NulCharacter")]
    public void What_a_column_cannot_hold_is_refused(string record, string code) =>
        Assert.Equal($"101:201 {record} -> 2 {code}", Assert.Single(OfJson(record).Rejects).TrimEnd());

    [Fact]
    public void A_record_has_nothing_of_the_one_before() => Assert.Equal(
        ["101:201 1|~|{\"x\":1}", "102:202 2|~|~", "103:203 3|~|{\"y\":2}"],
        OfJson("""
            {"a":"1","x":1}
            {"a":"2"}
            {"a":"3","y":2}
            """).Rows);

    [Theory]
    [InlineData("x,a,y,b", "7,1,\"say \"\"hi\"\"\",2", """1|2|{"x":"7","y":"say \"hi\""}""")]
    [InlineData("a,b,x\"y", "1,2,c:\\d", """1|2|{"x\"y":"c:\\d"}""")]
    [InlineData("a,b,extra", "1,2,é\t", "1|2|{\"extra\":\"é\\u0009\"}")]
    [InlineData("a,b,x", "1,2,", """1|2|{"x":""}""")]
    public void Of_CSV_values_are_strings(string header, string record, string row) =>
        Assert.Equal([$"101:201 {row}"], OfCsv(header, record).Rows);

    /// <summary>By the names in the header, each as it was written; nothing of the record before.</summary>
    [Fact]
    public void Of_arrays_it_is_as_it_was_written()
    {
        RowPlan plan = PlanOf(null);
        var binding = HeaderBinding.ByName(["x", "b", "y", "a"], plan.Definition.Schema, out _);
        JsonArrayRecordReader reader = new(binding!, RaggedRows.Pad);

        Transforming result = new(new ChunkTransform(plan, reader, new JobFacts(Guid.Empty)), """
            [1.50,"2",{"z": [null]},"1"]
            ["\u0041\"", null, null]
            []
            ["\ud800","2",1,"1"]
            """);

        Assert.Equal(
            ["101:201 1|2|{\"x\":1.50,\"y\":{\"z\": [null]}}", "102:202 ~|~|{\"x\":\"\\u0041\\\"\",\"y\":null}", "103:203 ~|~|~"], result.Rows);
        Assert.EndsWith("-> 2 InvalidUtf8", Assert.Single(result.Rejects).TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_CSV_what_is_left_out_is_not_in_it() => Assert.Equal(
        ["101:201 1|2|{\"x\":\"3\"}", "102:202 1|2|~"],
        OfCsv("a,b,x,y", "1,2,3\n1,2", CsvDialect.Default with { RaggedRows = RaggedRows.Pad }).Rows);

    [Fact]
    public void Without_other_columns_it_has_no_value_in_the_data()
    {
        RowPlan plan = PlanOf(null);

        Assert.Equal([0, 1, -1], HeaderBinding.ByName(["a", "b"], plan.Definition.Schema, out _)!.FieldOfColumn);
        Assert.Equal([0, 1, -1], HeaderBinding.ByPosition(plan.Definition.Schema).FieldOfColumn);
        Assert.Equal(2, HeaderBinding.ByPosition(plan.Definition.Schema).FieldCount);
    }

    [Theory]
    [InlineData(null, "b,x,a", true)]
    [InlineData(null, "b,x", false)]
    [InlineData(FieldsMatch.Equal, "b,x,a", true)]
    [InlineData(FieldsMatch.Exact, "a,x,b", true)]
    [InlineData(FieldsMatch.Exact, "x,b,a", false)]
    [InlineData(FieldsMatch.Subset, "b,x,a", true)]
    [InlineData(FieldsMatch.Subset, "a,x", false)]
    [InlineData(FieldsMatch.Superset, "x,b", true)]
    [InlineData(FieldsMatch.Superset, "x,y", false)]
    [InlineData(FieldsMatch.Partial, "x,b", true)]
    [InlineData(null, "a,b,x,x", false)]
    public void Undeclared_names_are_allowed_however_fields_match(FieldsMatch? match, string header, bool fits) =>
        Assert.Equal(fits, HeaderBinding.ByName([.. header.Split(',')], PlanOf(match).Definition.Schema, out _) is not null);

    /// <summary>A header of long names makes much of little: chunks have fewer records then.</summary>
    [Fact]
    public void Names_count_for_what_a_record_may_grow_by()
    {
        RowPlan plan = PlanOf(null);
        var binding = HeaderBinding.ByName(["a", "b", new string('x', 997)], plan.Definition.Schema, out _);

        Assert.Equal(250, new ChunkTransform(plan, new CsvRecordReader(binding!, CsvDialect.Default, 10_000), new JobFacts(Guid.Empty)).OptionalColumns);
    }

    [Fact]
    public void Steps_see_it()
    {
        RowPlan plan = PlanOf(null, PlainSteps.Copy(2, 1), PlainSteps.Remove(2));

        Assert.Equal(["101:201 1|{\"x\":1}|~"], RunJson(plan, """{"a":"1","x":1}""").Rows);
    }

    [Fact]
    public void It_allocates_nothing_for_a_record()
    {
        RowPlan plan = PlanOf(null);
        byte[] json = [.. Enumerable.Repeat("{\"a\":\"1\",\"x\":[1,2],\"y\":\"z\"}\n"u8.ToArray(), 5_000).SelectMany(b => b)];
        byte[] csv = [.. Enumerable.Repeat("1,2,\"a\"\"b\"\n"u8.ToArray(), 5_000).SelectMany(b => b)];
        var binding = HeaderBinding.ByName(["a", "b", "x"], plan.Definition.Schema, out _);
        TransformWorkspace workspace = new();
        foreach ((ChunkTransform transform, byte[] data) in ((ChunkTransform, byte[])[])
            [
                (new(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)), json),
                (new(plan, new CsvRecordReader(binding!, CsvDialect.Default, 10_000), new JobFacts(Guid.Empty)), csv),
            ])
        {
            transform.Run(data, new ChunkPosition(1, 1), workspace);

            Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
            Assert.Equal(5_000, workspace.Rows.Count);
        }
    }

    private static RowPlan PlanOf(FieldsMatch? match, params Core.Parsing.RecordStep[] steps)
    {
        FieldDefinition[] fields = [new() { Name = "a" }, new() { Name = "b" }, Extra];
        RowPlan plan = Transforming.PlanOf(match, lineage: false, fields);
        return new(plan.Definition with { Schema = plan.Definition.Schema with { Rest = "extra" } }, [.. steps]);
    }

    private static Transforming OfJson(string data) => RunJson(PlanOf(null), data);

    private static Transforming RunJson(RowPlan plan, string data) =>
        new(new ChunkTransform(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)), data);

    private static Transforming OfCsv(string header, string data, CsvDialect? dialect = null)
    {
        RowPlan plan = PlanOf(null);
        HeaderBinding binding = HeaderBinding.ByName([.. header.Split(',')], plan.Definition.Schema, out string? error)
            ?? throw new InvalidOperationException(error);
        return new(new ChunkTransform(plan, new CsvRecordReader(binding, dialect ?? CsvDialect.Default, 10_000), new JobFacts(Guid.Empty)), data + "\n");
    }
}
