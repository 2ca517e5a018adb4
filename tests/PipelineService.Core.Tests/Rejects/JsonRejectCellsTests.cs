using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Tests.Transforms;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Rejects;

/// <summary>Rejected JSON records as cells: what is loaded from them is what would be loaded from the record.</summary>
public sealed class JsonRejectCellsTests
{
    private static readonly FieldDefinition[] Fields =
    [
        new() { Name = "s", Type = FieldType.String },
        new() { Name = "n", Type = FieldType.Number, DecimalChar = ",", GroupChar = "." },
        new() { Name = "b", Type = FieldType.Boolean, TrueValues = ["yes"], FalseValues = ["no", "false"] },
        new() { Name = "any", Source = "anything" },
        new() { Name = "o", Type = FieldType.Object },
        new() { Name = "twice", Source = "s", Type = FieldType.Any },
    ];

    private static readonly Gen<string> Values = Gen.OneOf<string>(
        "null", "\"\"", "\"NA\"", "\"=1+1\"", "\"'=x\"", "\"two\\nlines\"", "\"say \\\"hi\\\"\"", "\"\\u00e9\"", "\"\\ud800\"", "\"1,5\"",
        "\"yes\"", "1", "1.500", "-2e3", "true", "false", "[1, \"x\"]", "{\"k\": [\"é\"]}", "{\"k\":1,\"k\":2}");

    private static readonly Gen<string> Records = Gen.Select(
        Gen.OneOf<string>("s", "n", "b", "anything", "o", "unknown"), Values, (name, value) => $"\"{name}\": {value}").Array[0, 6]
        .Select(members => "{" + string.Join(", ", members) + "}");

    [Theory]
    [InlineData("NA", FieldsMatch.Equal)]
    [InlineData("", FieldsMatch.Subset)]
    [InlineData(null, FieldsMatch.Equal)]
    public void What_is_sent_back_is_what_was_sent_or_says_that_it_is_not(string? missing, FieldsMatch match) =>
        Gen.OneOf(Records, Gen.OneOf<string>("[1]", "{\"s\": \"open", "7")).Array[0, 5].Sample(
            records =>
            {
                RowPlan plan = PlanOf(missing, match);
                ChunkTransform transform = new(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty));
                var first = LoadedRecords.Of(transform, Text.UTF8.GetBytes(string.Join('\n', records)));

                var file = RejectFile.Write(plan, CsvDialect.Default, new JsonRejectCells(plan), first.Raws);

                Assert.All(
                    first.Outcomes.Zip(file.Load(out _).Outcomes),
                    pair => Assert.True(pair.First == pair.Second || pair.Second == RejectFile.Unmended, $"{pair}"));
            },
            iter: 3_000);

    [Theory]
    [InlineData("{\"s\":\"=1\",\"n\":\"1,5\",\"b\":false,\"anything\":[1, 2],\"o\":{\"k\":\"v\"}}",
        "'=1,\"1,5\",false,\"[1, 2]\",\"{\"\"k\"\":\"\"v\"\"}\"")]
    [InlineData("{\"anything\":7}", "NA,NA,NA,7,NA")]
    [InlineData("{\"s\":\"two\\nlines\",\"n\":12,\"b\":null}", "\"two\nlines\",12,NA,NA,NA")]
    public void Strings_are_text_and_all_else_is_its_JSON(string record, string cells) => Assert.Equal((cells, ""), Write(record));

    [Theory]
    [InlineData("{\"s\":5}", "5,NA,NA,NA,NA")] // a number is refused where the text 5 would be loaded
    [InlineData("{\"n\":1.500}", "NA,1.500,NA,NA,NA")] // the text 1.500 has a group mark: 1500
    [InlineData("{\"b\":true}", "NA,NA,true,NA,NA")]
    [InlineData("{\"s\":\"a\",\"s\":\"b\"}", "a,NA,NA,NA,NA")]
    [InlineData("{\"s\":\"a\",\"x\":1}", "a,NA,NA,NA,NA")]
    [InlineData("{\"s\":\"a\"", "a,NA,NA,NA,NA")]
    [InlineData("{\"s\":\"\\ud800\"}", ",NA,NA,NA,NA")]
    public void Shows_the_record_beside_cells_that_do_not_say_all_of_it(string record, string cells) =>
        Assert.Equal((cells, record), Write(record));

    [Fact]
    public void Has_a_column_for_each_name_in_the_data() =>
        Assert.Equal(["s", "n", "b", "anything", "o"], new JsonRejectCells(PlanOf("", match: null)).Columns);

    private static (string Cells, string Beside) Write(string record)
    {
        CsvLine line = new(CsvDialect.Default);
        byte[] raw = Text.UTF8.GetBytes(record);
        string rest = Text.UTF8.GetString(new JsonRejectCells(PlanOf("NA", match: null)).Write(raw, isCut: false, line));
        return (Text.UTF8.GetString(line.Bytes.Span), rest);
    }

    private static RowPlan PlanOf(string? missing, FieldsMatch? match)
    {
        RowPlan plan = Transforming.PlanOf(match, lineage: false, Fields);
        TableSchema schema = plan.Definition.Schema with { MissingValues = missing is null ? [] : [missing] };
        return new(plan.Definition with { Schema = schema });
    }
}
