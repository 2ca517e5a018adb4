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

/// <summary>Values that stand deeper in a record, and documents of which each has many records.</summary>
public sealed class JsonItemsTransformTests
{
    private static readonly Guid JobId = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void Values_are_found_by_their_paths()
    {
        Transforming result = Transform(
            [Field("lat", "/geo/lat"), Field("lon", "geo.lon"), Field("tag", "/tags/1"), Field("geo", "/geo"), Field("a", "/a~1b/~0")],
            items: null,
            """
            {"geo":{"lat":"1.50","x":[{"lat":"0"}],"lon":"2"},"tags":["a","b","c"],"a/b":{"~":"t"}}
            {"tags":["a"],"geo":null}
            {"geo":{},"a/b":{"\u007e":"é"}}
            """);

        Assert.Equal(
            [
                "101:201 1.50|2|b|{\"lat\":\"1.50\",\"x\":[{\"lat\":\"0\"}],\"lon\":\"2\"}|t",
                "102:202 ~|~|~|~|~",
                "103:203 ~|~|~|{}|é",
            ],
            result.Rows);
    }

    [Theory]
    [InlineData("""{"geo":"x"}""", "0 TypeMismatch x")]
    [InlineData("""{"geo":7}""", "0 TypeMismatch 7")]
    [InlineData("""{"geo":[1]}""", "0 TypeMismatch [1]")]
    [InlineData("""{"geo":{"lat":"1","lat":"2"}}""", "0 DuplicateField 2")]
    [InlineData("""{"geo":{"lat":"1"},"geo":{"lat":"2"}}""", "0 DuplicateField {\"lat\":\"2\"}")]
    [InlineData("""{"lat":"1"}""", "* TooManyFields \"lat\":\"1\"")]
    public void What_stands_in_the_way_rejects_the_record(string record, string reject)
    {
        Transforming result = Transform([Field("lat", "/geo/lat")], items: null, record + "\n{\"geo\":{\"lat\":\"9\"}}");

        Assert.Equal(["102:202 9"], result.Rows);
        Assert.Equal([$"101:201 {record} -> {reject}"], result.Rejects);
    }

    [Fact]
    public void A_document_gives_as_many_records_as_it_has_items()
    {
        Transforming result = Transform(
            [Field("id", "id"), Field("host", "^/host/name"), Field("x", "/v/x")],
            items: "/data/events",
            """
            {"host":{"name":"h\u00e9"},"data":{"events":[{"id":"1","v":{"x":"a"}},{"id":"2"}],"n":2}}
            {"data":{"events":[]},"host":{"name":"h2"}}

            {"data":{"events":[{"id":"3"}]}}
            """);

        Assert.Equal(["101:201 1|hé|a", "102:201 2|hé|~", "103:204 3|~|~"], result.Rows);
        Assert.Empty(result.Rejects);
    }

    [Theory]
    [InlineData("{\"e\":1}", "* NoItems")]
    [InlineData("{\"e\":null}", "* NoItems")]
    [InlineData("{\"h\":\"x\"}", "* NoItems")]
    [InlineData("{\"e\":{\"id\":1}}", "* NoItems")]
    [InlineData("[{\"e\":[]}]", "* MalformedJson")]
    [InlineData("{\"e\":[{\"id\":\"1\"}}", "* MalformedJson")]
    [InlineData("{\"e\":[{\"id\":\"1\"}],\"e\":[]}", "* DuplicateField []")]
    [InlineData("{\"e\":[{\"id\":\"1\"}],\"h\":\"a\",\"h\":\"b\"}", "1 DuplicateField b")]
    public void A_document_that_cannot_be_opened_is_one_reject(string document, string reject)
    {
        Transforming result = Transform(
            [Field("id", "id"), Field("h", "^.h")], "/e", $"{{\"e\":[{{\"id\":\"1\"}}]}}\n{document}\n{{\"e\":[{{\"id\":\"3\"}}]}}");

        Assert.Equal(["101:201 1|~", "103:203 3|~"], result.Rows);
        Assert.Equal([$"102:202 {document} -> {reject}"], result.Rejects);
    }

    [Fact]
    public void An_item_that_is_wrong_costs_no_other()
    {
        Transforming result = Transform(
            [Field("id", "id")], "/e", "{\"e\":[{\"id\":\"1\"},\n7,{\"id\":\"\\ud800\"},{\"id\":\"4\",\"x\":1},{\"id\":\"5\"}]}", JsonFraming.Elements);

        Assert.Equal(["101:201 1", "105:202 5"], result.Rows);
        Assert.Equal(
            ["102:202 7 -> * MalformedJson", "103:202 {\"id\":\"\\ud800\"} -> 0 InvalidUtf8 \\ud800", "104:202 {\"id\":\"4\",\"x\":1} -> * TooManyFields \"x\":1"],
            result.Rejects);
    }

    [Fact]
    public void A_row_that_the_database_refuses_shows_its_values()
    {
        Transforming result = Transform(
            [Field("id", "id"), Field("h", "^.h")],
            "/e",
            "{\"h\":\"a\",\"e\":[{\"id\":\"1\"},{\"id\":\"2\"}]}\n{\"e\":[{\"id\":\"3\"}],\"h\":\"\\u0062\"}");

        Assert.Equal(["Plain 2", "Plain a"], [result.Refuse(1, 0), result.Refuse(1, 1)]);
        Assert.Equal(["Plain 3", "JsonEscaped \\u0062"], [result.Refuse(2, 0), result.Refuse(2, 1)]);
        Assert.Equal(["Plain 1", "Plain a"], [result.Refuse(0, 0), result.Refuse(0, 1)]);
    }

    /// <summary>What a document has once must not be made of by the thousand.</summary>
    [Fact]
    public void What_items_share_is_bounded()
    {
        string items = string.Join(',', Enumerable.Repeat("{}", 1_000));

        Transforming result = Transform([Field("h", "^/h")], "/e", $"{{\"h\":\"{new string('x', 40_000)}\",\"e\":[{items}]}}");

        Assert.EndsWith("* TooManyItems", Assert.Single(result.Rejects), StringComparison.Ordinal);
        Assert.Equal(1_000, Transform([Field("h", "^/h")], "/e", $"{{\"h\":\"{new string('x', 30_000)}\",\"e\":[{items}]}}").Rows.Length);
    }

    /// <summary>The scanner counts what the reader reads, in good documents and bad ones, however few records a chunk may have.</summary>
    [Fact]
    public void Scanner_and_reader_agree_on_the_number_of_records() =>
        Gen.Select(
            Gen.Select(Gen.OneOf<string>("\"e\":", "\"f\":", "\"h\":"), JsonData.Any).Select((name, value) => name + value).Array[0, 3],
            Gen.OneOf<string>("{\"id\":\"1\"}", "{}", "7", "[{\"e\":1}]").Array[0, 5],
            Gen.Int[1, 4]).Array[1, 4].Sample(
            documents =>
            {
                string data = string.Concat(documents.Select(d =>
                    $"{{\"e\":[{string.Join(',', d.Item2)}]{string.Concat(d.Item1.Select(m => "," + m.Replace('\n', ' ')))}}}\n"));
                (ItemRecordReader reader, RowPlan plan) = Of([Field("id", "id"), Field("h", "^/h/0")], "/e", JsonFraming.Lines);
                ItemScanner scanner = new(new LineScanner(1 << 20), reader);
                ChunkTransform transform = new(plan, reader, new JobFacts(JobId));
                TransformWorkspace workspace = new();
                byte[] bytes = Text.UTF8.GetBytes(data);
                for (int offset = 0; offset < bytes.Length;)
                {
                    ScanResult scan = scanner.Scan(bytes.AsSpan(offset), isFinal: true, documents[0].Item3);
                    Assert.True(scan.Length > 0);
                    Assert.Equal(scan.Records, transform.Run(bytes.AsSpan(offset, scan.Length), new ChunkPosition(1, 1), workspace));
                    offset += scan.Length;
                }
            },
            iter: 3_000);

    /// <summary>Sent by itself, in its document without the others, an item is the record that it was.</summary>
    [Fact]
    public void An_item_is_cut_out_with_its_document()
    {
        byte[] chunk = "{\"x\":[]}\n{\"h\":\"a\",\"e\":[{\"id\":\"1\"}, {\"id\":\"2\"}],\"n\":0}\n"u8.ToArray();
        (ItemRecordReader reader, RowPlan plan) = Of([Field("id", "id"), Field("h", "^/h")], "/e", JsonFraming.Lines);
        TransformWorkspace workspace = new();
        new ChunkTransform(plan, reader, new JobFacts(JobId)).Run(chunk, new ChunkPosition(1, 1), workspace);
        RowMark second = workspace.Rows.Marks[1];
        byte[] buffer = [];

        Assert.True(workspace.Values.Documents.TryFind(second.RawStart, out JsonDocumentPlace document));
        Assert.True(JsonDocumentItems.Compose(chunk, document, second.RawStart, second.RawLength, ref buffer, out int length));

        Assert.Equal("{\"h\":\"a\",\"e\":[{\"id\":\"2\"}],\"n\":0}", Text.UTF8.GetString(buffer, 0, length));
        Assert.Equal((9, 1), (document.Start, document.FirstRecord));
        Assert.False(workspace.Values.Documents.TryFind(0, out _));
    }

    [Fact]
    public void Allocates_nothing_once_the_workspace_has_grown()
    {
        (ItemRecordReader reader, RowPlan plan) = Of([Field("id", "/v/id"), Field("h", "^/h/0")], "/e", JsonFraming.Lines);
        ChunkTransform transform = new(plan, reader, new JobFacts(JobId));
        byte[] data = Text.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"h\":[\"\\u00e9\"],\"e\":[{\"v\":{\"id\":\"1\"}},{\"v\":{}},7]}\n", 500)));
        TransformWorkspace workspace = new();

        Assert.Equal(1_500, transform.Run(data, new ChunkPosition(1, 1), workspace));
        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
    }

    private static FieldDefinition Field(string name, string path) => new() { Name = name, Path = FieldPath.Parse(path, out _) };

    private static (ItemRecordReader Reader, RowPlan Plan) Of(FieldDefinition[] fields, string items, JsonFraming framing)
    {
        RowPlan plan = Transforming.PlanOf(match: null, lineage: false, fields);
        return (new ItemRecordReader(plan.Definition.Schema, JsonPath.Parse(items, out _), keys: [], framing), plan);
    }

    private static Transforming Transform(FieldDefinition[] fields, string? items, string data, JsonFraming framing = JsonFraming.Lines)
    {
        if (items is not null)
        {
            (ItemRecordReader reader, RowPlan plan) = Of(fields, items, framing);
            return new Transforming(new ChunkTransform(plan, reader, new JobFacts(JobId)), data);
        }

        RowPlan objects = Transforming.PlanOf(match: null, lineage: false, fields);
        return new Transforming(
            new ChunkTransform(objects, new NdjsonRecordReader(objects.Definition.Schema, framing: framing), new JobFacts(JobId)), data);
    }
}
