using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Tests.Encoding.Json;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>Lines that are arrays, whose items are fields by their places.</summary>
public sealed class JsonArrayTransformTests
{
    private static readonly Gen<string> Line = Gen.Frequency(
        (6, JsonData.Any.Array[0, 4].Select(items => $"[{string.Join(", ", items)}]")),
        (2, JsonData.Any),
        (2, Gen.OneOf<string>("", " ", "\t\r", "[", "]", "[]", "{}", "\"", "[1]]", "[1],", "\r[1]\r", "[\"\\ud800\"]")));

    [Fact]
    public void Items_are_fields_in_the_order_of_the_data()
    {
        Transforming result = Transform("a,b,c", ["c", "a", "b"], """
            ["3", "1","2"]
              [ "z" ,"x", "\u00e9\n" ]

            ["",null,"2"]
            """);

        Assert.Equal(["101:201 1|2|3", "102:202 x|é\n|z", "103:204 ~|2|~"], result.Rows);
        Assert.Empty(result.Rejects);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("{\"a\":\"1\"}")]
    [InlineData("\"a\"")]
    [InlineData("[\"1\"")]
    [InlineData("[\"1\"]]")]
    [InlineData("[\"1\"] [\"2\"]")]
    [InlineData("[\"1\",]")]
    [InlineData("[,\"1\"]")]
    [InlineData("[\"1\" \"2\"]")]
    [InlineData("[\"1\":\"2\"]")]
    [InlineData("['1']")]
    [InlineData("[1.]")]
    [InlineData("[{\"a\"}]")]
    [InlineData("[\"\t\"]")]
    [InlineData("\uFEFF[\"1\"]")]
    public void A_line_that_is_not_one_array_is_malformed(string line)
    {
        Transforming result = Transform("a", ["a"], $"[\"0\"]\n{line}\r\n[\"2\"]\n");

        Assert.Equal(["101:201 0", "103:203 2"], result.Rows);
        Assert.Equal([$"102:202 {line} -> * MalformedJson"], result.Rejects);
    }

    [Theory]
    [InlineData(RaggedRows.None, "2 of 3,0 of 3,4 of 3", "a|b|c")]
    [InlineData(RaggedRows.Pad, "4 of 3", "a|b|c,a|b|~,~|~|~")]
    [InlineData(RaggedRows.Trim, "2 of 3,0 of 3", "a|b|c,a|b|c")]
    [InlineData(RaggedRows.PadAndTrim, "", "a|b|c,a|b|~,~|~|~,a|b|c")]
    public void Fewer_and_more_items_are_what_ragged_rows_says(RaggedRows ragged, string counts, string rows)
    {
        Transforming result = Transform(
            "a,b,c", ["a", "b", "c"], "[\"a\",\"b\",\"c\"]\n[\"a\",\"b\"]\n[]\n[\"a\",\"b\",\"c\",{\"d\":[]}]\n", ragged: ragged);

        Assert.Equal(counts, string.Join(',', result.FieldCounts));
        Assert.Equal(rows, string.Join(',', result.Rows.Select(row => row[(row.IndexOf(' ', StringComparison.Ordinal) + 1)..])));
        Assert.All(result.Rejects, reject => Assert.Contains("* TooManyFields", reject.Replace("TooFew", "TooMany", StringComparison.Ordinal)));
    }

    [Fact]
    public void Values_are_read_as_those_of_objects_are()
    {
        FieldDefinition[] fields =
        [
            new() { Name = "o", Type = FieldType.Object }, new() { Name = "l", Type = FieldType.List }, new() { Name = "s", Type = FieldType.String },
        ];
        RowPlan plan = Transforming.PlanOf(match: null, lineage: false, fields);
        Transforming arrays = new(
            new ChunkTransform(plan, new JsonArrayRecordReader(HeaderBinding.ByPosition(plan.Definition.Schema), RaggedRows.None), new JobFacts(Guid.Empty)),
            "[{\"x\":[1, 2.50]},[\"a\"],\"t\"]\n[{\"x\":1,\"x\":2},\"a\",5]\n[[],\"\\ud800\",\"\\u0000\"]");
        Transforming objects = new(
            new ChunkTransform(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)),
            "{\"o\":{\"x\":[1, 2.50]},\"l\":[\"a\"],\"s\":\"t\"}\n{\"o\":{\"x\":1,\"x\":2},\"l\":\"a\",\"s\":5}\n{\"o\":[],\"l\":\"\\ud800\",\"s\":\"\\u0000\"}");

        Assert.Equal(objects.Values(0), arrays.Values(0));
        Assert.Equal(objects.Rejects.Select(Errors), arrays.Rejects.Select(Errors));
        Assert.Equal(2, arrays.Rejects.Length);

        static string Errors(string reject) => reject[reject.IndexOf("-> ", StringComparison.Ordinal)..];
    }

    [Fact]
    public void Nesting_has_a_limit()
    {
        string deepest = $"[{new string('[', 63)}{new string(']', 63)}]";

        Assert.EndsWith("0 TypeMismatch " + deepest[1..^1], Assert.Single(Transform("a", ["a"], deepest).Rejects), StringComparison.Ordinal);
        Assert.Equal([$"101:201 [{deepest}] -> * MalformedJson"], Transform("a", ["a"], $"[{deepest}]").Rejects);
    }

    [Fact]
    public void Invalid_UTF8_costs_its_record_only()
    {
        byte[] data = [.. "[\"1\"]\n[\""u8, 0xC3, .. "\"]\n[\"3\"]"u8];

        Transforming result = new(Arrays(Transforming.PlanOf("a"), ["a"]), data);

        Assert.Equal(["101:201 1", "103:203 3"], result.Rows);
        Assert.EndsWith("-> * InvalidUtf8", Assert.Single(result.Rejects), StringComparison.Ordinal);
    }

    /// <summary>What one record has the next may not: nothing stays behind.</summary>
    [Fact]
    public void A_value_that_is_left_out_is_not_the_one_before()
    {
        Transforming result = Transform("a,b", ["a", "b"], "[\"1\",\"2\"]\n[\"3\"]\n[\"4\",{]\n[]\n", ragged: RaggedRows.Pad);

        Assert.Equal(["101:201 1|2", "102:202 3|~", "104:204 ~|~"], result.Rows);
    }

    [Fact]
    public void The_value_of_a_row_that_is_refused_later_is_found_again()
    {
        Transforming result = Transform("a,b", ["b", "a"], "[]\n[\"\\u00e9\",\"1\"]\n");

        Assert.Equal(["Plain 1", "JsonEscaped \\u00e9"], [result.Refuse(0, 0), result.Refuse(0, 1)]);
    }

    [Fact]
    public void Takes_a_line_exactly_when_the_framework_does_and_counts_as_the_scanner_does() => Line.Array[0, 5].Sample(
        lines =>
        {
            string[] data = [.. lines.Select(line => line.Replace('\n', ' '))];
            byte[] bytes = Text.UTF8.GetBytes(string.Join('\n', data));

            Transforming result = new(Arrays(Transforming.PlanOf("a"), ["a"], RaggedRows.PadAndTrim), bytes);

            ScanResult scanned = new LineScanner(recordBytesMax: 10_000).Scan(bytes, isFinal: true, recordsMax: 100);
            Assert.Equal(scanned.Records, result.Records);
            Assert.Equal(
                data.Count(line => line.AsSpan().Trim(" \t\r").Length > 0 && !IsArray(line)),
                result.Rejects.Count(reject => reject.EndsWith("* MalformedJson", StringComparison.Ordinal)));
        },
        iter: 3_000,
        print: lines => string.Join("⏎", lines));

    [Fact]
    public void Allocates_nothing_once_the_workspace_has_grown()
    {
        ChunkTransform transform = Arrays(Transforming.PlanOf("a,b!"), ["b", "a"]);
        const string Six = "[\"1\",\"\\u00e9\"]\n[\"\\n\",null]\n[1,2]\n[]\nno json\n[\"a\",\"b\",\"c\"]\n";
        byte[] data = Text.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Six, 1_000)));
        TransformWorkspace workspace = new();
        int records = transform.Run(data, new ChunkPosition(1, 1), workspace);

        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
        Assert.Equal((6_000, 2_000), (records, workspace.Rows.Count));
    }

    /// <summary>Of objects only the names that are declared are read; all others are passed over, and one that comes twice is still one.</summary>
    [Fact]
    public void Keys_of_objects_are_the_only_names_that_are_read()
    {
        RowPlan plan = Transforming.PlanOf("a,b,c", FieldsMatch.Superset);
        ChunkTransform transform = new(plan, new NdjsonRecordReader(plan.Definition.Schema, ["b", "a"]), new JobFacts(Guid.Empty));

        Transforming result = new(transform, """
            {"a":"1","c":"never","x":[{}],"b":"2"}
            {"x":1,"x":2,"c":1}
            {"a":"1","a":"2"}
            """);

        Assert.Equal(["101:201 1|2|~", "102:202 ~|~|~"], result.Rows);
        Assert.EndsWith("-> 0 DuplicateField 2", Assert.Single(result.Rejects), StringComparison.Ordinal);
    }

    private static bool IsArray(string json)
    {
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(json);
            return document.RootElement.ValueKind == System.Text.Json.JsonValueKind.Array;
        }
        catch (System.Text.Json.JsonException)
        {
            return false;
        }
    }

    private static ChunkTransform Arrays(RowPlan plan, string[] names, RaggedRows ragged = RaggedRows.None) =>
        new(plan, new JsonArrayRecordReader(HeaderBinding.ByName([.. names], plan.Definition.Schema, out _)!, ragged), new JobFacts(Guid.Empty));

    private static Transforming Transform(string fields, string[] names, string data, RaggedRows ragged = RaggedRows.None) =>
        new(Arrays(Transforming.PlanOf(fields), names, ragged), data);
}
