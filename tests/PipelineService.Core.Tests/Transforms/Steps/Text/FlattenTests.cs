using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Text;

/// <summary>Members of objects in fields of their own, of JSON and of JSON in cells alike.</summary>
public sealed class FlattenTests
{
    private static readonly FlattenOp Flatten = new()
    {
        Fields = ["a"],
        Members = ["x", "geo_lat", "list"],
        Rest = "r",
        Sets = [new("x", FieldType.Any), new("lat", FieldType.Any), new("l", FieldType.Any), new("r", SqlType: new SqlType(SqlTypeName.Json))],
    };

    [Theory]
    [InlineData("""{"x":"v","geo":{"lat":1.50}}""", "v|1.50|~|~")]
    [InlineData(""" { "geo" : { "lon" : 1e400 , "lat" : true } , "x" : null } """, """~|true|~|{"geo_lon":1e400}""")]
    [InlineData("""{"list":[1, {"q":2}],"y":{},"geo_lat":"7"}""", """~|7|[1, {"q":2}]|~""")]
    [InlineData("""{"x":"say \"h\u00e9\"","\u0067eo":{"l\u0061t":0,"\u0022":1}}""", """say "hé"|0|~|{"\u0067eo_\u0022":1}""")]
    [InlineData("""{"x":{"deep":{"er":1}},"X":2,"n":{"m":{"o":"p"}}}""", """{"deep":{"er":1}}|~|~|{"X":2,"n_m_o":"p"}""")]
    [InlineData("{}", "~|~|~|~")]
    [InlineData("null", "~|~|~|~")]
    [InlineData("""{"x":1,"x":2}""", "DuplicateField")]
    [InlineData("""{"geo_lat":1,"geo":{"lat":1}}""", "DuplicateField")]
    [InlineData("""{"x":null,"x":2}""", "DuplicateField")]
    [InlineData("""{"y":1,"y":2}""", "DuplicateField")]
    [InlineData("""{"x":"\ud800"}""", "InvalidUtf8")]
    [InlineData("[1]", "TypeMismatch")]
    [InlineData("7", "TypeMismatch")]
    public void Of_JSON(string json, string expected) => Assert.Equal(expected, OfJson(json));

    [Theory]
    [InlineData("""{"x":"v","geo":{"lat":1.50}}""", "v|1.50|~|~")]
    [InlineData("""{"x":"a\\b \"c\"","geo":{"lon":{},"lat":null},"q":[1,"2"]}""", """a\b "c"|~|~|{"q":[1,"2"]}""")]
    [InlineData("{\"x\":1", "TypeMismatch")]
    [InlineData("{\"x\":1}}", "TypeMismatch")]
    [InlineData("", "~|~|~|~")]
    [InlineData("NA", "~|~|~|~")]
    public void Of_JSON_in_a_text(string text, string expected)
    {
        Assert.Equal(expected, OfCsv($"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
        Assert.Equal(expected, OfJson($"\"{string.Concat(text.Select(unit => $"\\u{(int)unit:x4}"))}\""));
        if (!text.Contains(',', StringComparison.Ordinal) && !text.StartsWith('"'))
        {
            Assert.Equal(expected, OfCsv(text));
        }
    }

    /// <summary>A number of JSON is no text wherever the object was.</summary>
    [Theory]
    [InlineData("""{"x":"5"}""", "5")]
    [InlineData("""{"x":5}""", "TypeMismatch")]
    [InlineData("""{"x":true}""", "TypeMismatch")]
    public void Kinds_are_kept(string json, string expected)
    {
        FlattenOp op = new() { Fields = ["a"], Members = ["x"], Sets = [new("x", FieldType.String)] };

        Assert.Equal(expected, OfJson(json, op));
        Assert.Equal(expected, OfCsv($"\"{json.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", op));
    }

    [Theory]
    [InlineData(1, """{"b_c":1}""", """{"b":{"c":1,"d":{"e":2}}}""")]
    [InlineData(2, """1""", """{"b_d":{"e":2}}""")]
    public void What_is_deeper_stays_JSON(int depth, string expected, string rest)
    {
        FlattenOp op = Flatten with { Depth = depth, Members = ["b_c"], Sets = [Flatten.Sets[0], Flatten.Sets[3]] };
        string value = depth == 1 ? "~" : expected;

        Assert.Equal($"{value}|{rest}", OfJson("""{"b":{"c":1,"d":{"e":2}}}""", op));
    }

    [Fact]
    public void Names_that_are_longer_than_any_that_is_looked_for_are_rest()
    {
        string name = new('n', 2_000);

        Assert.Equal($"1|~|~|{{\"{name}\":1,\"{name}_y\":2}}", OfJson($"{{\"{name}\":1,\"{name}\":{{\"y\":2}},\"x\":1}}"));
    }

    [Fact]
    public void Another_separator() => Assert.Equal(
        "1", OfJson("""{"b":{"c":1}}""", new FlattenOp { Fields = ["a"], Separator = "/", Members = ["b/c"], Sets = [new("x", FieldType.Any)] }));

    [Fact]
    public void The_field_itself_may_take_a_member() => Assert.Equal(
        "v", OfJson("""{"x":"v"}""", new FlattenOp { Fields = ["a"], Members = ["x"], Sets = [new("a")] }));

    [Fact]
    public void It_allocates_nothing_for_a_record()
    {
        RowPlan plan = PlanOf(Flatten);
        byte[] json = Data("{\"a\":{\"x\":\"a\\u0062\",\"geo\":{\"lat\":1.5,\"lon\":2},\"list\":[1]}}\n");
        byte[] csv = Data("\"{\"\"x\"\":\"\"v\"\",\"\"geo\"\":{\"\"lat\"\":1,\"\"q\"\":2}}\",k\n");
        TransformWorkspace workspace = new();
        foreach ((ChunkTransform transform, byte[] data) in ((ChunkTransform, byte[])[])[(OverJson(plan), json), (OverCsv(plan), csv)])
        {
            transform.Run(data, new ChunkPosition(1, 1), workspace);

            Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
            Assert.Equal(5_000, workspace.Rows.Count);
        }

        static byte[] Data(string record) => System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(record, 5_000)));
    }

    private static string OfJson(string json, FlattenOp? op = null) =>
        Show(PlanOf(op ?? Flatten), OverJson, $"{{\"a\":{json},\"k\":\"k\"}}\n", op ?? Flatten);

    private static string OfCsv(string cell, FlattenOp? op = null) => Show(PlanOf(op ?? Flatten), OverCsv, $"{cell},k\n", op ?? Flatten);

    private static RowPlan PlanOf(FlattenOp op) => Applied.PlanOf("ak", op);

    private static ChunkTransform OverJson(RowPlan plan) => new(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty));

    private static ChunkTransform OverCsv(RowPlan plan) =>
        new(plan, new CsvRecordReader(HeaderBinding.ByPosition(plan.Definition.Schema), CsvDialect.Default, 10_000), new JobFacts(Guid.Empty));

    private static string Show(RowPlan plan, Func<RowPlan, ChunkTransform> over, string data, FlattenOp op) =>
        Applied.Show(plan, over(plan), System.Text.Encoding.UTF8.GetBytes(data), string.Join(',', op.Sets.Select(set => set.Name)));
}
