using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>Records that are elements of an array, or texts of a sequence.</summary>
public sealed class JsonDocumentTransformTests
{
    private static readonly Guid JobId = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void Elements_are_records_over_any_lines()
    {
        Transforming result = Transform(
            JsonFraming.Elements,
            """
            [ {"a":"1",
               "b":"]}"
              },
              {"a":"2","b":"\""}
            ,
            {"a":"3"}
            """);

        Assert.Equal(["101:201 1|]}", "102:204 2|\"", "103:206 3|~"], result.Rows);
        Assert.Empty(result.Rejects);
    }

    [Fact]
    public void An_element_that_is_wrong_costs_no_other()
    {
        Transforming result = Transform(
            JsonFraming.Elements, "[{\"a\":\"0\"},\n7,{\"a\" 1},[1],null,{\"a\":\"\\ud800\"},{\"a\":1,\"a\":2},\n{\"a\":\"2\"}");

        Assert.Equal(["101:201 0|~", "108:203 2|~"], result.Rows);
        Assert.Equal(
            [
                "102:202 7 -> * MalformedJson", "103:202 {\"a\" 1} -> * MalformedJson", "104:202 [1] -> * MalformedJson",
                "105:202 null -> * MalformedJson", "106:202 {\"a\":\"\\ud800\"} -> 0 InvalidUtf8 \\ud800",
                "107:202 {\"a\":1,\"a\":2} -> 0 DuplicateField 2",
            ],
            result.Rejects);
    }

    [Fact]
    public void Invalid_UTF8_costs_its_record_only()
    {
        byte[] data = [.. "[{\"a\":\"1\"},{\"a\":\""u8, 0xFF, .. "\"},{\"a\":\"3\"}"u8];
        Transforming result = new(Of(JsonFraming.Elements), data);

        Assert.Equal(["101:201 1|~", "103:201 3|~"], result.Rows);
        Assert.EndsWith("* InvalidUtf8", Assert.Single(result.Rejects), StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_has_a_limit_that_costs_a_record()
    {
        string deep = $"{{\"a\":{new string('[', 200)}{new string(']', 200)}}}";

        Transforming result = Transform(JsonFraming.Elements, $"[{deep},{{\"a\":\"1\"}}");

        Assert.Equal(["102:201 1|~"], result.Rows);
        Assert.Equal([$"101:201 {deep} -> * MalformedJson"], result.Rejects);
    }

    [Fact]
    public void Texts_of_a_sequence_are_records()
    {
        Transforming result = Transform(
            JsonFraming.Texts, "\u001E{\"a\":\"1\"}\n\u001E\u001E \n\u001E{\n\"a\":\"2\"\n}\n\u001E{\"a\":\u001E{\"b\":\"3\"}");

        Assert.Equal(["101:201 1|~", "102:203 2|~", "104:206 ~|3"], result.Rows);
        Assert.Equal(["103:206 {\"a\": -> * MalformedJson"], result.Rejects);
    }

    [Fact]
    public void Elements_may_be_arrays()
    {
        RowPlan plan = Transforming.PlanOf("a,b");
        ChunkTransform transform = new(
            plan,
            new JsonArrayRecordReader(
                HeaderBinding.ByPosition(plan.Definition.Schema), RaggedRows.None, JsonFraming.Elements),
            new JobFacts(JobId));

        Transforming result = new(transform, "[[\"1\",\n\"x\"],[\"2\",\"[\"],[],{}");

        Assert.Equal(["101:201 1|x", "102:202 2|["], result.Rows);
        Assert.Equal(["103:202 [] -> * TooFewFields", "104:202 {} -> * MalformedJson"], result.Rejects);
    }

    [Theory]
    [InlineData(JsonFraming.Elements)]
    [InlineData(JsonFraming.Texts)]
    public void Allocates_nothing_once_the_workspace_has_grown(JsonFraming framing)
    {
        ChunkTransform transform = Of(framing);
        ImmutableArray<string> records =
            ["{\"a\":\"1\",\n\"b\":\"\\u00e9\"}", "{\"b\":\"\\n\"}", "{ }", "{\"x\":[1],\"b\":\"\"}", "[]"];
        string separator = framing == JsonFraming.Elements ? "," : "\u001E";
        byte[] data = Text.UTF8.GetBytes(
            string.Concat(Enumerable.Repeat(records, 1_000).SelectMany(all => all).Select(record => separator + record)));
        TransformWorkspace workspace = new();
        int read = transform.Run(data, new ChunkPosition(1, 1), workspace);

        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
        Assert.Equal(0, Allocations.Of(() => ScannerOf(framing).Scan(data, isFinal: false, recordsMax: int.MaxValue)));
        Assert.Equal(5_000, read);
    }

    private static readonly RecordScanner Elements = new ElementScanner(1 << 20, []);
    private static readonly RecordScanner Texts = new TextScanner(1 << 20);

    private static RecordScanner ScannerOf(JsonFraming framing) => framing == JsonFraming.Elements ? Elements : Texts;

    private static ChunkTransform Of(JsonFraming framing)
    {
        RowPlan plan = Transforming.PlanOf("a,b");
        return new ChunkTransform(
            plan, new NdjsonRecordReader(plan.Definition.Schema, framing: framing), new JobFacts(JobId));
    }

    private static Transforming Transform(JsonFraming framing, string data) => new(Of(framing), data);
}
