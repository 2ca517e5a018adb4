using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>What steps may do to a record, in each format.</summary>
public sealed class RecordStepTests
{
    private const string Csv = "1,x\n2,\"say \"\"hi\"\"\"\n3\n";

    private static readonly CsvDialect Dialect = CsvDialect.Default with { RaggedRows = RaggedRows.Pad };

    private const string Ndjson = """
        {"a":"1","b":"x"}
        {"b":"say \"hi\"","a":"2"}
        {"b":null,"a":"3"}

        """;

    public static TheoryData<string> Formats => ["csv", "ndjson"];

    [Theory, MemberData(nameof(Formats))]
    public void Values_are_changed_and_records_without_them_go_on(string format) =>
        Assert.Equal(["101:201 1|<x", "102:202 2|<say \"hi\"", "103:203 3|~"], Run(format, PlainSteps.Prefix(1, "<")).Rows);

    [Theory, MemberData(nameof(Formats))]
    public void Each_step_sees_what_the_one_before_has_left(string format) => Assert.Equal(
        ["101:201 -1|<-1", "102:202 -2|<-2", "103:203 -3|<-3"],
        Run(format, PlainSteps.Prefix(0, "-"), PlainSteps.Copy(0, 1), PlainSteps.Prefix(1, "<")).Rows);

    [Theory, MemberData(nameof(Formats))]
    public void Values_are_taken_away(string format) =>
        Assert.Equal(["101:201 1|~", "102:202 2|~", "103:203 3|~"], Run(format, PlainSteps.Remove(1)).Rows);

    [Theory, MemberData(nameof(Formats))]
    public void A_record_that_is_left_out_is_counted_and_seen_by_no_later_step(string format)
    {
        Transforming result = Run(format, PlainSteps.Filter(0, "2"), PlainSteps.Reject(0, "2", atFault: 0));

        Assert.Equal((3, 1), (result.Records, result.Filtered));
        Assert.Equal(["101:201 1|x", "103:203 3|~"], result.Rows);
        Assert.Empty(result.Rejects);
    }

    [Theory]
    [InlineData("csv", 1, "102:202 2,\"say \"\"hi\"\"\" -> 1 Expression say \"\"hi\"\"")]
    [InlineData("ndjson", 1, "102:202 {\"b\":\"say \\\"hi\\\"\",\"a\":\"2\"} -> 1 Expression say \\\"hi\\\"")]
    [InlineData("csv", -1, "102:202 2,\"say \"\"hi\"\"\" -> * Expression")]
    public void A_record_that_is_rejected_is_told_with_the_value_as_it_was_sent(string format, short atFault, string reject)
    {
        Transforming result = Run(format, PlainSteps.Prefix(1, "made of "), PlainSteps.Reject(0, "2", atFault));

        Assert.Equal(["101:201 1|made of x", "103:203 3|~"], result.Rows);
        Assert.Equal([reject], result.Rejects);
    }

    [Fact]
    public void A_value_that_a_step_spoils_is_refused_as_it_was_sent()
    {
        FieldDefinition[] fields = [new() { Name = "a", Type = FieldType.Integer }];
        RowPlan plan = Transforming.PlanOf(match: null, lineage: false, fields, PlainSteps.Prefix(0, "x"));

        Assert.Equal(["101:201 1 -> 0 TypeMismatch 1"], RunCsv(plan, HeaderBinding.ByPosition(plan.Definition.Schema), "1\n").Rejects);
    }

    [Fact]
    public void A_field_that_the_data_does_not_have_is_given_a_value()
    {
        RowPlan plan = Transforming.PlanOf("a,b,c", FieldsMatch.Superset, steps: PlainSteps.Copy(2, 1));
        var binding = HeaderBinding.ByName(["c"], plan.Definition.Schema, out _);

        Assert.Equal((false, true, false), (plan.IsGiven(0), plan.IsGiven(1), plan.IsGiven(2)));
        Assert.Equal(["101:201 ~|x|x"], RunCsv(plan, binding!, "x\n").Rows);
    }

    /// <summary>The indexes of steps are those of the schema, whichever columns are sent.</summary>
    [Fact]
    public void Columns_that_are_left_to_the_table_change_nothing_for_the_steps()
    {
        RowPlan plan = Transforming.PlanOf("a,b,c", FieldsMatch.Superset, steps: [PlainSteps.Prefix(2, "<"), PlainSteps.Reject(1, "no", 1)]);
        var binding = HeaderBinding.ByName(["c", "b"], plan.Definition.Schema, out _);

        Transforming result = RunCsv(plan.Without(new HashSet<int> { 0 }), binding!, "x,y\nz,no\n");

        Assert.Equal(["101:201 y|<x"], result.Rows);
        Assert.Equal(["102:202 z,no -> 0 Expression no"], result.Rejects);
    }

    [Fact]
    public void Two_fields_that_read_one_value_are_changed_apart()
    {
        FieldDefinition[] fields = [new() { Name = "a", Source = "s" }, new() { Name = "b", Source = "s" }];
        RowPlan plan = Transforming.PlanOf(match: null, lineage: false, fields, PlainSteps.Prefix(1, "<"));

        Assert.Equal(["101:201 1|<1"], RunNdjson(plan, "{\"s\":\"1\"}").Rows);
    }

    [Fact]
    public void Kinds_of_JSON_are_told_and_text_that_says_nothing_is_left_to_the_encoder()
    {
        RowPlan plan = Transforming.PlanOf("a,b", steps: PlainSteps.Copy(0, 1));

        Transforming result = RunNdjson(plan, """
            {"a":"\u0041","b":"\ud800"}
            {"a":null}
            {"a":"x\ud800"}
            {"b":1}
            """);

        Assert.Equal(["101:201 A|A", "102:202 ~|Null", "104:204 ~|Absent"], result.Rows);
        Assert.Equal(["103:203 {\"a\":\"x\\ud800\"} -> 0 InvalidUtf8 x\\ud800"], result.Rejects);
    }

    [Fact]
    public void The_value_of_a_row_that_is_refused_later_is_the_one_that_was_sent()
    {
        Transforming result = Run("csv", PlainSteps.Filter(0, "1"), PlainSteps.Prefix(1, "<"));

        Assert.Equal("CsvDoubled say \"\"hi\"\"", result.Refuse(0, 1));
    }

    [Fact]
    public void Steps_allocate_nothing_once_the_workspace_has_grown()
    {
        RowPlan plan = Transforming.PlanOf("a,b", steps: [PlainSteps.Copy(0, 1), PlainSteps.Filter(1, "2"), PlainSteps.Reject(1, "3", atFault: 0)]);
        ChunkTransform transform = new(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty));
        byte[] data = Text.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":\"\\u0031\"}\n{\"a\":\"2\"}\n{\"a\":\"3\"}\n", 1_000)));
        TransformWorkspace workspace = new();
        transform.Run(data, new ChunkPosition(1, 1), workspace);

        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
        Assert.Equal((1_000, 1_000, 1_000), (workspace.Rows.Count, workspace.Filtered, workspace.Rejects.Count));
    }

    private static Transforming Run(string format, params RecordStep[] steps)
    {
        RowPlan plan = Transforming.PlanOf("a,b", steps: steps);
        return format == "csv"
            ? RunCsv(plan, HeaderBinding.ByPosition(plan.Definition.Schema), Csv)
            : RunNdjson(plan, Ndjson);
    }

    private static Transforming RunCsv(RowPlan plan, HeaderBinding binding, string data) =>
        new(new ChunkTransform(plan, new CsvRecordReader(binding, Dialect, recordBytesMax: 100), new JobFacts(Guid.Empty)), data);

    private static Transforming RunNdjson(RowPlan plan, string data) =>
        new(new ChunkTransform(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)), data);
}
