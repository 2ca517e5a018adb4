using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Tests.Encoding.Json;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

public sealed class NdjsonChunkTransformTests
{
    private static readonly Guid JobId = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void Turns_lines_into_rows_whatever_the_order_of_properties()
    {
        Transforming result = Transform(
            "a,b,c",
            """
            {"a":"1","b":"x","c":"é"}
            {"c": "3", "a": "1", "b": "2"}

            {"b":null}
            {}
            """);

        Assert.Equal(["101:201 1|x|é", "102:202 1|2|3", "103:204 ~|~|~", "104:205 ~|~|~"], result.Rows);
        Assert.Empty(result.Rejects);
    }

    [Fact]
    public void Removes_escapes_from_values_and_names()
    {
        Transforming result = Transform("a,b c", """{"\u0061":"\"\\\/\n\t\u00e9\ud83d\ude00!","b\u0020c":"\u0041"}""");

        Assert.Equal(["101:201 \"\\/\n\té😀!|A"], result.Rows);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("\"a\"")]
    [InlineData("{\"a\":\"1\"")]
    [InlineData("{\"a\":\"1\"} {}")]
    [InlineData("{\"a\":\"1\"} // comment")]
    [InlineData("{\"a\":\"1\",}")]
    [InlineData("{\"a\":'1'}")]
    [InlineData("{\"a\":\"\\x\"}")]
    [InlineData("{\"a\":NaN}")]
    [InlineData("{\"a\":\"\\u12g4\"}")]
    [InlineData("{\"a\":\"\\ud83d\\u00\"}")]
    [InlineData("{\"a\":\"\t\"}")]
    [InlineData("{\"a\":[1,]}")]
    [InlineData("{\"a\":[1}]}")]
    [InlineData("{\"a\":{\"b\"}}")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":1.}")]
    [InlineData("{\"a\":.5}")]
    [InlineData("{\"a\":+1}")]
    [InlineData("{\"a\":1e}")]
    [InlineData("{\"a\":-}")]
    [InlineData("{\"a\":tru}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("{\"a\":}")]
    [InlineData("{a:1}")]
    [InlineData("{,}")]
    [InlineData("{\"a\":1 \"b\":2}")]
    [InlineData("{\"a\":\"1")]
    [InlineData("{")]
    [InlineData("}")]
    [InlineData("\uFEFF{\"a\":1}")]
    public void A_line_that_is_not_one_object_is_malformed(string line)
    {
        Transforming result = Transform("a", $"{{\"a\":\"0\"}}\n{line}\r\n{{\"a\":\"2\"}}\n");

        Assert.Equal(["101:201 0", "103:203 2"], result.Rows);
        Assert.Equal([$"102:202 {line} -> * MalformedJson"], result.Rejects);
    }

    [Fact]
    public void Nesting_has_a_limit()
    {
        string deep = $"{{\"a\":{new string('[', 64)}{new string(']', 64)}}}";

        Assert.Equal([$"101:201 {deep} -> * MalformedJson"], Transform("a", deep).Rejects);
    }

    [Fact]
    public void Invalid_UTF8_costs_its_record_only()
    {
        byte[] data = [.. "{\"a\":\"1\"}\n{\"a\":\""u8, 0xC3, .. "\"}\n{\"a\":\"3\"}"u8];

        Transforming result = new(Ndjson(Transforming.PlanOf("a")), data);

        Assert.Equal(["101:201 1", "103:203 3"], result.Rows);
        Assert.EndsWith("-> * InvalidUtf8", Assert.Single(result.Rejects), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":"x\ud800y"}""", """0 InvalidUtf8 x\ud800y""")]
    [InlineData("""{"a":"\ude00\ud83d"}""", """0 InvalidUtf8 \ude00\ud83d""")]
    [InlineData("""{"a":"\ud83d\n"}""", """0 InvalidUtf8 \ud83d\n""")]
    [InlineData("""{"a":"\u0000"}""", """0 NulCharacter \u0000""")]
    public void Refuses_text_that_the_database_cannot_hold(string line, string error) =>
        Assert.Equal([$"101:201 {line} -> {error}"], Transform("a", line).Rejects);

    [Fact]
    public void Tells_every_field_that_fails()
    {
        Transforming result = Transform("a!,b,c!,d!", """{"c":null,"b":"x","d":""}""");

        Assert.Equal(
            ["""101:201 {"c":null,"b":"x","d":""} -> 0 Required; 2 Required null; 3 Required"""],
            result.Rejects);
    }

    [Fact]
    public void A_property_given_twice_is_an_error()
    {
        Transforming result = Transform("a,b", """{"a":"1","b":"2","a":"3"}""");

        Assert.Equal(["""101:201 {"a":"1","b":"2","a":"3"} -> 0 DuplicateField 3"""], result.Rejects);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(FieldsMatch.Exact)]
    [InlineData(FieldsMatch.Equal)]
    [InlineData(FieldsMatch.Superset)]
    public void An_unknown_property_is_an_error(FieldsMatch? match)
    {
        Transforming result = Transform("a", """{"x": {"a": 1}, "a":"1","y":2}""", match);

        Assert.Equal(
            ["""101:201 {"x": {"a": 1}, "a":"1","y":2} -> * TooManyFields "x": {"a": 1}; * TooManyFields "y":2"""],
            result.Rejects);
    }

    [Theory]
    [InlineData(FieldsMatch.Subset)]
    [InlineData(FieldsMatch.Partial)]
    public void An_unknown_property_is_left_out_where_the_schema_allows_more(FieldsMatch match) =>
        Assert.Equal(["101:201 1"], Transform("a", """{"x":{"a":[{}]},"\ud800":1,"a":"1"}""", match).Rows);

    [Fact]
    public void With_partial_a_record_needs_one_field_of_the_schema() =>
        Assert.Equal(["101:201 {\"x\":1} -> * TooFewFields"], Transform("a", "{\"x\":1}", FieldsMatch.Partial).Rejects);

    [Fact]
    public void The_errors_of_one_record_are_bounded()
    {
        string line = $"{{{string.Join(',', Enumerable.Range(0, 1_000).Select(i => $"\"x{i}\":0"))}}}";

        string reject = Assert.Single(Transform("a", line).Rejects);

        Assert.Equal(16, reject.Split("TooManyFields").Length - 1);
        Assert.EndsWith("; and 984 more", reject, StringComparison.Ordinal);
    }

    [Fact]
    public void Malformed_lines_cost_no_exception_and_no_memory()
    {
        ChunkTransform transform = Ndjson(Transforming.PlanOf("a"));
        const string Three = "{\"a\":\"1\",}\n{\"a\":[{\"b\":tru}]}\nno json\n";
        byte[] data = Text.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Three, 1_000)));
        TransformWorkspace workspace = new();
        transform.Run(data, new ChunkPosition(1, 1), workspace);

        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
        Assert.Equal(3_000, workspace.Rejects.Count);
    }

    [Fact]
    public void Takes_a_record_exactly_when_the_framework_does() =>
        JsonData.Any.Select(json => json.Replace('\n', ' ')).Sample(
            json =>
            {
                string line = $"{{\"a\":{json}}}";
                string[] rejects = Transform("a", line, FieldsMatch.Subset).Rejects;
                bool isMalformed =
                    rejects is [string reject] && reject.EndsWith("* MalformedJson", StringComparison.Ordinal);
                Assert.True(IsObject(line) != isMalformed, $"{line}: {string.Concat(rejects)}");
            },
            iter: 5_000);

    [Fact]
    public void Values_that_are_not_strings_go_as_they_are_written()
    {
        FieldDefinition[] fields =
        [
            new() { Name = "a", Type = FieldType.Object },
            new() { Name = "b", Type = FieldType.String },
        ];
        ChunkTransform transform = Ndjson(Transforming.PlanOf(match: null, lineage: true, fields));

        Transforming result = new(transform, """{"b":"x","a": {"x":[1, 2.50]} }""");

        List<byte[]?> values = result.Values(0);
        Assert.Equal([1, .. """{"x":[1, 2.50]}"""u8], values[0]);
        Assert.Equal(Convert.FromHexString("00112233445566778899AABBCCDDEEFF"), values[2]);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 101], values[3]);
    }

    [Fact]
    public void Two_columns_may_read_one_property()
    {
        FieldDefinition[] fields =
        [
            new() { Name = "a", Type = FieldType.String, Source = "s" },
            new() { Name = "b", Type = FieldType.String, Source = "s" },
        ];

        ChunkTransform transform = Ndjson(Transforming.PlanOf(match: null, lineage: false, fields));
        Transforming result = new(transform, "{\"s\":\"1\"}");

        Assert.Equal(["101:201 1|1"], result.Rows);
    }

    [Fact]
    public void Finds_each_of_many_names_in_any_order()
    {
        string[] names = [.. Enumerable.Range(0, 500).Select(i => $"n{i}")];
        IEnumerable<string> properties = names.Reverse().Select(name => $"\"{name}\":\"{name}\"");

        Transforming result = Transform(string.Join(',', names), $"{{{string.Join(',', properties)}}}");

        Assert.Equal([$"101:201 {string.Join('|', names)}"], result.Rows);
    }

    [Fact]
    public void The_value_of_a_row_that_is_refused_later_is_found_again()
    {
        Transforming result = Transform("a,b", """
            {"x":1}
            {"b":"\u00e9","a":"1"}
            {"b":null}
            """);

        Assert.Equal(["Plain 1", "JsonEscaped \\u00e9"], [result.Refuse(0, 0), result.Refuse(0, 1)]);
        Assert.Equal(["Plain", "Plain null"], [result.Refuse(1, 0), result.Refuse(1, 1)]);
        Assert.Single(result.Rejects);
    }

    [Fact]
    public void Allocates_nothing_once_the_workspace_has_grown()
    {
        ChunkTransform transform = Ndjson(Transforming.PlanOf("a,b!"));
        const string Five = """
            {"a":"1","b":"\u00e9"}
            {"b":"\n"}
            {"a":null}
            {"x":[1],"b":""}
            []

            """;
        byte[] data = Text.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Five, 1_000)));
        TransformWorkspace workspace = new();
        int records = transform.Run(data, new ChunkPosition(1, 1), workspace);

        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
        Assert.Equal(5_000, records);
    }

    private static bool IsObject(string json)
    {
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(json);
            return true;
        }
        catch (System.Text.Json.JsonException)
        {
            return false;
        }
    }

    private static ChunkTransform Ndjson(RowPlan plan) => new(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(JobId));

    private static Transforming Transform(string names, string data, FieldsMatch? match = null) =>
        new(Ndjson(Transforming.PlanOf(names, match)), data);
}
