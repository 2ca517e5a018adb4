using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

public sealed class CsvChunkTransformTests
{
    private static readonly Guid JobId = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void Turns_records_into_rows_with_their_numbers()
    {
        Transforming result = Transform("a,b", "1,x\r\n\r\n\"two\nlines\",\"say \"\"hi\"\"\"\n3,");

        Assert.Equal(["101:201 1|x", "102:203 two\nlines|say \"hi\"", "103:205 3|~"], result.Rows);
        Assert.Empty(result.Rejects);
    }

    [Fact]
    public void A_record_at_fault_costs_one_record()
    {
        Transforming result = Transform("a,b", "1,x\n2\n3,y,z\n4,\"y\n5,\"y\"z\n0123456789012345678901234567890\n6,w\n");

        Assert.Equal(["101:201 1|x", "107:207 6|w"], result.Rows);
        Assert.Equal(
            [
                "102:202 2 -> * TooFewFields",
                "103:203 3,y,z -> * TooManyFields",
                "104:204 4,\"y -> * UnterminatedQuote",
                "105:205 5,\"y\"z -> * UnterminatedQuote",
                "106:206 0123456789012345678901234567890 -> * RecordTooLong",
            ],
            result.Rejects);
    }

    [Theory]
    [InlineData(RaggedRows.Pad, "102:202 2|~", null)]
    [InlineData(RaggedRows.Trim, null, "103:203 3|y")]
    [InlineData(RaggedRows.PadAndTrim, "102:202 2|~", "103:203 3|y")]
    public void Ragged_rows_are_taken_where_the_dialect_says_so(RaggedRows ragged, string? padded, string? trimmed)
    {
        Transforming result = Transform("a,b", "1,x\n2\n3,y,z\n\n4,w\n", ragged);

        Assert.Equal(new[] { "101:201 1|x", padded, trimmed, "104:205 4|w" }.OfType<string>(), result.Rows);
        Assert.Equal(
            new[] { padded is null ? "102:202 2 -> * TooFewFields" : null, trimmed is null ? "103:203 3,y,z -> * TooManyFields" : null }
                .OfType<string>(),
            result.Rejects);
    }

    [Fact]
    public void A_required_field_is_missed_in_a_padded_record()
    {
        Transforming result = Transform("a,b,c!", "1,x\n\"\"\n", RaggedRows.Pad);

        Assert.Equal(["101:201 1,x -> 2 Required", "102:202 \"\" -> 2 Required"], result.Rejects);
    }

    [Fact]
    public void A_padded_record_has_nothing_of_the_record_before()
    {
        Transforming result = Transform("a,b,c", "1,2,3\n4\n", RaggedRows.Pad);

        Assert.Equal(["101:201 1|2|3", "102:202 4|~|~"], result.Rows);
    }

    [Fact]
    public void Every_column_may_be_left_out_where_records_are_padded()
    {
        RowPlan plan = Transforming.PlanOf("a,b,c");
        var binding = HeaderBinding.ByPosition(plan.Definition.Schema);
        CsvDialect dialect = CsvDialect.Default with { RaggedRows = RaggedRows.Pad };

        Assert.Equal(3, Csv(plan, binding, dialect, 30).OptionalColumns);
    }

    [Fact]
    public void A_faulty_record_is_told_with_the_fields_it_has_and_should_have()
    {
        Transforming result = Transform("a,b", "1\n1,2,3,4\n1,\"\n");

        Assert.Equal(["1 of 2", "4 of 2", "0 of 0"], result.FieldCounts);
    }

    [Fact]
    public void Tells_every_field_that_fails_as_it_is_written()
    {
        Transforming result = Transform("a!,b,c!", ",x,\"\"\n1,\"\"\"\0\",3\n");

        Assert.Equal(
            ["101:201 ,x,\"\" -> 0 Required; 2 Required", "102:202 1,\"\"\"\0\",3 -> 1 NulCharacter \"\"\0"],
            result.Rejects);
        Assert.Empty(result.Rows);
    }

    [Fact]
    public void Of_a_thousand_bad_fields_sixteen_are_told_and_the_others_counted()
    {
        IEnumerable<FieldDefinition> fields =
            Enumerable.Range(0, 1_000).Select(i => new FieldDefinition { Name = $"c{i}", Type = FieldType.Integer });
        RowPlan plan = Transforming.PlanOf(match: null, lineage: false, [.. fields]);
        var binding = HeaderBinding.ByPosition(plan.Definition.Schema);
        ChunkTransform transform = Csv(plan, binding, CsvDialect.Default, recordBytesMax: 3_000);
        string bad = string.Join(',', Enumerable.Repeat("x", 1_000));
        string almostGood = string.Join(',', Enumerable.Repeat("1", 999)) + ",x";

        Transforming result = new(transform, $"{bad}\n{almostGood}\n{bad}\n");

        Assert.Equal(16, result.Rejects[0].Split("TypeMismatch x").Length - 1);
        Assert.EndsWith("15 TypeMismatch x; and 984 more", result.Rejects[0], StringComparison.Ordinal);
        Assert.EndsWith("-> 999 TypeMismatch x", result.Rejects[1], StringComparison.Ordinal);
        Assert.EndsWith("15 TypeMismatch x; and 984 more", result.Rejects[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_the_columns_that_the_data_does_not_have()
    {
        RowPlan plan = Transforming.PlanOf("a,b,c", FieldsMatch.Superset);
        var all = HeaderBinding.ByName(["c", "b", "a"], plan.Definition.Schema, out _);
        var one = HeaderBinding.ByName(["b"], plan.Definition.Schema, out _);

        Assert.Equal(0, Csv(plan, all!, CsvDialect.Default, 30).OptionalColumns);
        Assert.Equal(2, Csv(plan, one!, CsvDialect.Default, 30).OptionalColumns);
    }

    [Fact]
    public void Columns_go_in_the_order_of_the_schema_whatever_the_order_of_the_data()
    {
        RowPlan plan = Transforming.PlanOf("a,b,c", FieldsMatch.Partial);
        var binding = HeaderBinding.ByName(["c", "x", "a"], plan.Definition.Schema, out _);

        Transforming result = new(Csv(plan, binding!, CsvDialect.Default, 30), "1,2,3\n");

        Assert.Equal(["101:201 3|~|1"], result.Rows);
    }

    [Fact]
    public void A_required_column_that_the_data_does_not_have_rejects_each_record()
    {
        RowPlan plan = Transforming.PlanOf("a,b!", FieldsMatch.Superset);
        var binding = HeaderBinding.ByName(["a"], plan.Definition.Schema, out _);

        Transforming result = new(Csv(plan, binding!, CsvDialect.Default, 30), "1\n\n");

        Assert.Equal(["101:201 1 -> 1 Required", "102:202  -> 1 Required"], result.Rejects);
    }

    [Fact]
    public void The_value_of_a_row_that_is_refused_later_is_found_again()
    {
        RowPlan plan = Transforming.PlanOf("a,b,c", FieldsMatch.Partial);
        var binding = HeaderBinding.ByName(["c", "x", "a"], plan.Definition.Schema, out _);

        Transforming result = new(
            Csv(plan, binding!, CsvDialect.Default, 60), "1,2,3\n5,6\n\"two\nlines\",,\"say \"\"hi\"\"\"\r\n");

        Assert.Equal(["Plain 3", "Plain", "Plain 1"], [result.Refuse(0, 0), result.Refuse(0, 1), result.Refuse(0, 2)]);
        Assert.Equal(["CsvDoubled say \"\"hi\"\"", "Plain two\nlines"], [result.Refuse(1, 0), result.Refuse(1, 2)]);
        Assert.Equal(["102:202 5,6 -> * TooFewFields"], result.Rejects);
    }

    [Fact]
    public void Lineage_is_job_and_record_number()
    {
        RowPlan plan = Transforming.PlanOf("a,b", lineage: true);
        var binding = HeaderBinding.ByPosition(plan.Definition.Schema);

        Transforming result = new(Csv(plan, binding, CsvDialect.Default, 30), "1,2\n");

        List<byte[]?> values = result.Values(0);
        Assert.Equal(4, values.Count);
        Assert.Equal(Convert.FromHexString("00112233445566778899AABBCCDDEEFF"), values[2]);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 101], values[3]);
    }

    [Fact]
    public void Allocates_nothing_once_the_workspace_has_grown()
    {
        RowPlan plan = Transforming.PlanOf("a,b!");
        ChunkTransform transform = Csv(plan, HeaderBinding.ByPosition(plan.Definition.Schema), CsvDialect.Default, 100);
        const string Five = "1,\"x\"\"y\"\n2,\n3\n\"a\nb\",c\n4,\"d\n";
        byte[] data = Text.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Five, 1_000)));
        TransformWorkspace workspace = new();
        int records = transform.Run(data, new ChunkPosition(1, 1), workspace);

        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
        Assert.Equal(5_000, records);
    }

    /// <summary>As written, so that the mark is twice as long where it is the quote.</summary>
    [Theory]
    [InlineData('"', "'=x", "=x")]
    [InlineData('"', "\"'=\"\"x\"", "=\"\"x")]
    [InlineData('"', "''=x", "'=x")]
    [InlineData('"', "'x", "'x")]
    [InlineData('\'', "'''=x'", "=x")]
    [InlineData('\'', "'''x'", "''x")]
    public void The_value_of_a_mended_file_is_told_without_its_guard(char quote, string cell, string told)
    {
        RowPlan plan = Transforming.PlanOf(match: null, lineage: false, [new() { Name = "n", Type = FieldType.Integer }]);
        RejectHeader header = RejectHeader.Find(["n", .. RejectHeader.OwnNames(plan.Definition.Schema)], plan.Definition.Schema)!;
        HeaderBinding binding = HeaderBinding.ByPosition(plan.Definition.Schema).Within(header);
        CsvDialect dialect = CsvDialect.Default with { QuoteChar = quote.ToString() };

        Transforming result = new(
            Csv(plan, binding, dialect, recordBytesMax: 100), $"{cell},,1,2,n,type_mismatch,no\n");

        Assert.EndsWith($" -> 0 TypeMismatch {told}", Assert.Single(result.Rejects), StringComparison.Ordinal);
    }

    private static ChunkTransform Csv(RowPlan plan, HeaderBinding binding, CsvDialect dialect, int recordBytesMax) =>
        new(plan, new CsvRecordReader(binding, dialect, recordBytesMax), new JobFacts(JobId));

    private static Transforming Transform(string names, string data, RaggedRows ragged = RaggedRows.None)
    {
        RowPlan plan = Transforming.PlanOf(names);
        var binding = HeaderBinding.ByPosition(plan.Definition.Schema);
        CsvDialect dialect = CsvDialect.Default with { RaggedRows = ragged };
        return new Transforming(Csv(plan, binding, dialect, recordBytesMax: 30), data);
    }
}
