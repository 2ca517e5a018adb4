using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Text;

/// <summary>Which values ops take, and what they do to those that are no text, to several fields, and to bytes that are no text.</summary>
public sealed class OpValuesTests
{
    public static TheoryData<TransformOp> All =>
    [
        new TrimOp { Fields = ["a"] },
        new CollapseWhitespaceOp { Fields = ["a"] },
        new LowerOp { Fields = ["a"] },
        new UpperOp { Fields = ["a"] },
        new ReplaceOp { Fields = ["a"], Text = "A", With = "b" },
        new ReplaceOp { Fields = ["a"], Pattern = ".+", With = "b" },
        new MapOp { Fields = ["a"], Table = [new("x", "y")], Else = MapElse.Null },
        new MapOp { Fields = ["a"], Table = [new("x", "y")], Else = MapElse.Reject },
        new NullIfOp { Fields = ["a"], Values = ["A"] },
        new TruncateOp { Fields = ["a"], Length = 1 },
        new PadOp { Fields = ["a"], Length = 9 },
        new MaskOp { Fields = ["a"] },
        new HashOp { Fields = ["a"] , Algorithm = HashKind.Sha256 },
        new ConcatOp { Fields = ["a", "k"], Sets = [new("b")] },
        new SplitOp { Fields = ["a"], Separator = " ", Sets = [new("b"), new("c")] },
    ];

    /// <summary>A letter, a space, and half of an é: no op may make it a text, and least of all a hash.</summary>
    [Theory, MemberData(nameof(All))]
    public void What_is_no_UTF8_is_refused(TransformOp op) => Assert.Equal("InvalidUtf8", Applied.Bytes([(byte)'A', (byte)' ', 0xC3], op));

    [Theory, MemberData(nameof(All))]
    public void Half_of_a_surrogate_pair_is_refused(TransformOp op) => Assert.Equal("InvalidUtf8", Applied.Json("\"A \\ud83d\"", op));

    [Theory, MemberData(nameof(All))]
    public void No_value_stays_none(TransformOp op)
    {
        Assert.Equal(Applied.NoValue, Applied.Json("null", op));
        Assert.Equal(Applied.NoValue, Applied.OfJson("""{"k":"k"}""", "a", op));
    }

    [Theory]
    [InlineData("1E5", "1E5", "1E5", "+1E5", "12", Applied.NoValue, "***")]
    [InlineData("true", "true", "true", "+true", "12", "true", "****")]
    [InlineData("""{"B":  1}""", """{"B":  1}""", """{"B":  1}""", """{"B":  1}""", """{"B":  1}""", """{"B":  1}""", "*********")]
    public void Values_of_JSON_that_are_no_text(
        string json, string lowered, string collapsed, string padded, string mapped, string nulled, string masked)
    {
        Assert.Equal(lowered, Applied.Json(json, new LowerOp { Fields = ["a"] }));
        Assert.Equal(collapsed, Applied.Json(json, new CollapseWhitespaceOp { Fields = ["a"] }));
        Assert.Equal(padded, Applied.Json(json, new PadOp { Fields = ["a"], Length = json.Length + 1, Character = new Rune('+') }));
        Assert.Equal(mapped, Applied.Json(json, new MapOp { Fields = ["a"], Table = [new("1E5", "12"), new("true", "12")] }));
        Assert.Equal(nulled, Applied.Json(json, new NullIfOp { Fields = ["a"], Values = ["1E5"] }));
        Assert.Equal(masked, Applied.Json(json, new MaskOp { Fields = ["a"] }));
    }

    [Theory]
    [InlineData("""{"a":"1/2/3"}""", "1|2/3")]
    [InlineData("""{"a":"1"}""", "1|~")]
    [InlineData("""{"a":"1/"}""", "1|~")]
    [InlineData("""{"a":"1\u002f\"2\"","b":"old"}""", "1|\"2\"")]
    [InlineData("""{"a":null,"b":"old"}""", "~|~")]
    [InlineData("""{"a":12.5}""", "12.5|~")]
    public void Split(string record, string expected) => Assert.Equal(
        expected,
        Applied.OfJson(record, "b,c", new SplitOp { Fields = ["a"], Separator = "/", Sets = [new("b"), new("c")] }));

    /// <summary>The parts are where the text is: one of the fields may be that of the text itself.</summary>
    [Fact]
    public void Split_into_itself() => Assert.Equal(
        "x|y|z",
        Applied.OfJson("""{"a":"x y z"}""", "b,a,c", new SplitOp { Fields = ["a"], Separator = " ", Sets = [new("b"), new("a"), new("c")] }));

    [Theory]
    [InlineData("""{"a":"x","b":"y"}""", "x+y+x")]
    [InlineData("""{"a":"\u0078","b":null}""", "x+x")]
    [InlineData("""{"b":7}""", "7")]
    [InlineData("""{"a":"NA","b":""}""", Applied.NoValue)]
    public void Concat(string record, string expected) => Assert.Equal(
        expected,
        Applied.OfJson(
            record, "k", new SplitOp { Fields = ["a"], Separator = "|", Sets = [new("c")] },
            new ConcatOp { Fields = ["a", "b", "c"], Separator = "+", Sets = [new("k")] }));

    [Fact]
    public void What_is_cut_is_counted_for_the_op()
    {
        RowPlan plan = Applied.PlanOf("ab", new TrimOp { Fields = ["a"] }, new TruncateOp { Fields = ["a", "b"], Length = 2 });
        TransformWorkspace workspace = new();
        ChunkTransform transform = TransformOf(plan);

        transform.Run("{\"a\":\"abc\",\"b\":\"abc\"}\n{\"a\":\"ab\"}\n{\"a\":\"abc \"}\n"u8, new ChunkPosition(1, 1), workspace);
        Assert.Equal([0, 2], workspace.Ops.ToArray());
        transform.Run("{\"a\":\"ab\"}\n"u8, new ChunkPosition(1, 1), workspace);
        Assert.Equal([0, 0], workspace.Ops.ToArray());
    }

    [Fact]
    public void What_ops_make_of_a_record_has_a_bound()
    {
        ReplaceOp[] ops = [.. Enumerable.Repeat(new ReplaceOp { Fields = ["a"], Text = "x", With = new string('x', 1_000) }, 3)];

        Assert.Equal("ResultTooLong", Applied.To("xx", ops));
        Assert.Equal("ResultTooLong", Applied.To("xx", [.. ops.Select(op => op with { Text = null, Pattern = "x" })]));
    }

    [Fact]
    public void A_secret_that_is_not_there_is_named() => Assert.Equal(
        "OTHER",
        Assert.Throws<SecretMissingException>(() => Applied.PlanOf("a", new HashOp { Fields = ["a"], Secret = "OTHER" })).Name);

    [Fact]
    public void Fields_that_ops_set_are_columns_behind_the_declared_ones_and_given()
    {
        RowPlan plan = Applied.PlanOf(
            "ab", new SplitOp { Fields = ["a"], Separator = " ", Sets = [new("x", FieldType.Integer), new("b")] },
            new DefaultOp { Fields = ["x"], Value = "7" });

        Assert.Equal(["a:text", "b:text", "x:bigint"], plan.Columns.Select(c => $"{c.Field.Name}:{c.Field.ColumnType}"));
        Assert.Equal((false, true, true), (plan.IsGiven(0), plan.IsGiven(1), plan.IsGiven(2)));
    }

    [Fact]
    public void Ten_ops_allocate_nothing_for_a_record()
    {
        RowPlan plan = Applied.PlanOf(
            "abc",
            new TrimOp { Fields = ["*"] },
            new CollapseWhitespaceOp { Fields = ["a"] },
            new LowerOp { Fields = ["a", "b"] },
            new ReplaceOp { Fields = ["a"], Text = "x", With = "yy" },
            new ReplaceOp { Fields = ["b"], Pattern = "[^0-9a-zé+]", With = "" },
            new MapOp { Fields = ["c"], Table = [new("UK", "GB")] },
            new NullIfOp { Fields = ["c"], Values = ["-"] },
            new DefaultOp { Fields = ["c"], Value = "none" },
            new SplitOp { Fields = ["a"], Separator = " ", Sets = [new("x"), new("y")] },
            new ConcatOp { Fields = ["x", "c"], Separator = "/", Sets = [new("z")] },
            new PadOp { Fields = ["z"], Length = 12 },
            new TruncateOp { Fields = ["y"], Length = 3 },
            new MaskOp { Fields = ["b"], KeepLast = 2 },
            new HashOp { Fields = ["x"], Secret = "KEY", Algorithm = HashKind.HmacSha256 },
            new HashOp { Fields = ["y"], Secret = "KEY" },
            new RedactOp { Fields = ["z"], With = "-" });
        const int Records = 2_000;
        byte[] csv = Data("\" Xé \"\"a\"\"  B\",+43 (1) É23,UK\nx,y,-\n");
        byte[] json = Data("""
            {"a":" X\u00e9  \"a\" B","b":"+43 (1) É23","c":"UK"}
            {"a":"x","b":"y","c":"-"}

            """);
        CsvRecordReader csvReader = new(HeaderBinding.ByPosition(plan.Definition.Schema), CsvDialect.Default, recordBytesMax: 1_000);
        TransformWorkspace workspace = new();
        foreach ((ChunkTransform transform, byte[] data) in
            ((ChunkTransform, byte[])[])[(new(plan, csvReader, new JobFacts(Guid.Empty)), csv), (TransformOf(plan), json)])
        {
            transform.Run(data, new ChunkPosition(1, 1), workspace);

            Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
            Assert.Equal(Records, workspace.Rows.Count);
        }

        static byte[] Data(string twoRecords) =>
            System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(twoRecords, Records / 2)));
    }

    private static ChunkTransform TransformOf(RowPlan plan) => new(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty));
}
