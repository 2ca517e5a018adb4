using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
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

                var file = RejectFile.Write(plan, CsvDialect.Default, JsonRejectCells.OfObjects(plan), first.Raws);

                Assert.All(
                    first.Outcomes.Zip(file.Load(out _).Outcomes),
                    pair => Assert.True(pair.First == pair.Second || pair.Second == RejectFile.Unmended, $"{pair}"));
            },
            iter: 1_000);

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
        Assert.Equal(["s", "n", "b", "anything", "o"], JsonRejectCells.OfObjects(PlanOf("", match: null)).Columns);

    /// <summary>The items of arrays in the order of the data, those that no field reads among them.</summary>
    [Theory]
    [InlineData("[\"x\",\"=1\",7]", "x,'=1,7,", "")]
    [InlineData("[{\"k\":[1]},null,\"a\"]", "\"{\"\"k\"\":[1]}\",NA,a,", "")]
    [InlineData("[true,5,\"a\"]", "true,5,a,", "[true,5,\"a\"]")] // a number is refused where the text 5 would be loaded
    [InlineData("[\"x\",\"a\"]", "x,a,NA,", "[\"x\",\"a\"]")]
    [InlineData("[\"x\",\"a\",1,2]", "x,a,1,", "[\"x\",\"a\",1,2]")]
    [InlineData("[\"x\",\"a\"", "x,a,NA,", "[\"x\",\"a\"")]
    [InlineData("{\"s\":\"a\"}", "NA,NA,NA,", "{\"s\":\"a\"}")]
    public void Items_of_arrays_are_cells_by_their_names(string record, string cells, string beside)
    {
        var written = JsonRejectCells.OfArrays(PlanOf("NA", FieldsMatch.Partial), ["more", "s", "anything"]);
        CsvLine line = new(CsvDialect.Default);

        string rest = Text.UTF8.GetString(written.Write(Text.UTF8.GetBytes(record), isCut: false, line));

        Assert.Equal(["more", "s", "anything"], written.Columns);
        line.Append([]);
        Assert.Equal((cells, beside), (Text.UTF8.GetString(line.Bytes.Span), rest));
    }

    /// <summary>Whatever the items are, and however many: they come back as what they were, or as what says that it is not all.</summary>
    [Fact]
    public void What_is_sent_back_of_arrays_is_what_was_sent_or_says_that_it_is_not() =>
        Gen.Select(Values.Array[0, 6].Select(items => $"[{string.Join(',', items)}]").Array[0, 5], Gen.Bool).Sample(
            (records, isPadded) =>
            {
                RowPlan plan = PlanOf("NA", FieldsMatch.Equal);
                RaggedRows ragged = isPadded ? RaggedRows.PadAndTrim : RaggedRows.None;
                plan = new(plan.Definition with { Dialect = CsvDialect.Default with { RaggedRows = ragged } });
                var binding = HeaderBinding.ByName(["o", "s", "n", "b", "anything"], plan.Definition.Schema, out _);
                ChunkTransform transform = new(plan, new JsonArrayRecordReader(binding!, ragged), new JobFacts(Guid.Empty));
                var first = LoadedRecords.Of(transform, Text.UTF8.GetBytes(string.Join('\n', records)));

                var cells = JsonRejectCells.OfArrays(plan, ["o", "s", "n", "b", "anything"]);
                var file = RejectFile.Write(plan, plan.Definition.Dialect, cells, first.Raws);

                Assert.All(
                    first.Outcomes.Zip(file.Load(out _).Outcomes),
                    pair => Assert.True(pair.First == pair.Second || pair.Second == RejectFile.Unmended, $"{pair}"));
            },
            iter: 1_000);

    [Fact]
    public void Has_no_cell_for_what_is_not_read()
    {
        RowPlan plan = PlanOf("", FieldsMatch.Superset);

        plan = new(plan.Definition with { Items = JsonItems.Default with { Keys = ["o", "s"] } });

        Assert.Equal(["s", "o"], JsonRejectCells.OfObjects(plan).Columns);
    }

    private static (string Cells, string Beside) Write(string record)
    {
        CsvLine line = new(CsvDialect.Default);
        byte[] raw = Text.UTF8.GetBytes(record);
        string rest = Text.UTF8.GetString(JsonRejectCells.OfObjects(PlanOf("NA", match: null)).Write(raw, isCut: false, line));
        return (Text.UTF8.GetString(line.Bytes.Span), rest);
    }

    private static RowPlan PlanOf(string? missing, FieldsMatch? match)
    {
        RowPlan plan = Transforming.PlanOf(match, lineage: false, Fields);
        TableSchema schema = plan.Definition.Schema with { MissingValues = missing is null ? [] : [missing] };
        return new(plan.Definition with { Schema = schema });
    }
}
