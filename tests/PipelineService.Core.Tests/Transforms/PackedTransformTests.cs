using System.Collections.Immutable;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Tests.Transforms.Steps.Rows;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>Records of files that are converted, whose values need not be parsed: they mean what their texts mean.</summary>
public sealed class PackedTransformTests
{
    private const long MicrosecondsPerDay = 86_400_000_000;
    private const int DayMin = -730_119;
    private const int DayEnd = 2_921_940;

    private static readonly FieldDefinition[] Fields =
    [
        Field("i2", FieldType.Integer, SqlTypeName.SmallInt, new FieldConstraints { Minimum = "-5" }),
        Field("i4", FieldType.Integer, SqlTypeName.Integer, new FieldConstraints { Enum = ["1", "2", "-3", "70000"] }),
        Field("i8", FieldType.Integer, SqlTypeName.BigInt),
        Field("n", FieldType.Number, SqlTypeName.Numeric, new FieldConstraints { Maximum = "1000000000000" }),
        new() { Name = "n102", Type = FieldType.Number, SqlType = new SqlType(SqlTypeName.Numeric, Precision: 10, Scale: 2) },
        Field("ni", FieldType.Integer, SqlTypeName.Numeric),
        Field("f8", FieldType.Number, SqlTypeName.DoublePrecision, new FieldConstraints { Maximum = "1e300" }),
        Field("f4", FieldType.Number, SqlTypeName.Real),
        Field("d", FieldType.Date, SqlTypeName.Date, new FieldConstraints { Minimum = "1000-01-01" }),
        Field("t", FieldType.DateTime, SqlTypeName.Timestamp),
        Field("tz", FieldType.DateTime, SqlTypeName.TimestampTz),
        Field("s", FieldType.String, SqlTypeName.Text, new FieldConstraints { Required = true, MaxLength = 20 }),
        Field("b", FieldType.Boolean, SqlTypeName.Boolean),
        Field("o", FieldType.Object, SqlTypeName.Jsonb),
    ];

    /// <summary>Some read texts, and some values.</summary>
    private static readonly ImmutableArray<TransformOp> Ops =
    [
        new TrimOp { Fields = ["*"] },
        new NullIfOp { Fields = ["i4", "d"], Values = ["2", "2000-01-01"] },
        Computed.Derive("twice", FieldType.Number, "n * 2"),
        Computed.Derive("third", FieldType.Number, "f8 / 3", new SqlType(SqlTypeName.DoublePrecision)),
        Computed.Derive("real", FieldType.Number, "f4", new SqlType(SqlTypeName.DoublePrecision)),
        Computed.Derive("day", FieldType.Date, "d"),
        Computed.Derive("moment", FieldType.DateTime, "tz"),
        Computed.Derive("told", FieldType.String, "cast(i8 as text) || '-' || cast(ni as text) || coalesce(s, '')"),
        new FilterOp { Expression = "coalesce(i2, 0) <> 3" },
    ];

    private static readonly Gen<long> Microseconds = Gen.Long[DayMin * MicrosecondsPerDay, (DayEnd * MicrosecondsPerDay) - 1];

    private static readonly Gen<byte[]> Whole =
        Gen.OneOf(Gen.Long, Gen.Long[-10, 10], Gen.Long[-70_000, 70_000]).Select(PackedRecord.Integer);

    private static readonly Gen<byte[]> Scaled = Gen.Select(
            Gen.OneOf(Gen.Long, Gen.Long[-20_000, 20_000], Gen.Long[-1_000_000_000_000_000, 1_000_000_000_000_000]),
            Gen.Byte[0, 38])
        .Select((digits, scale) => PackedRecord.Decimal(digits, (byte)(scale > 20 ? scale : scale % 4)));

    /// <summary>A value of each field, in the binary form in which it is taken.</summary>
    private static readonly Gen<byte[]>[] Values =
    [
        Whole, Whole, Whole, Scaled, Scaled, Scaled,
        Gen.Double.Where(double.IsFinite).Select(PackedRecord.Float),
        Gen.Single.Where(float.IsFinite).Select(PackedRecord.Single),
        Gen.Int[DayMin, DayEnd - 1].Select(PackedRecord.Date),
        Microseconds.Select(time => PackedRecord.Time(PackedTag.LocalDateTime, time)),
        Gen.Select(Microseconds, Gen.Bool).Select(
            (time, isLocal) => PackedRecord.Time(isLocal ? PackedTag.LocalDateTime : PackedTag.Instant, time - (time % 1000))),
        Gen.OneOf<string>("", "a", "\"\\\n\u0001é", "more than twenty characters").Select(PackedRecord.String),
        Gen.OneOf(
            Gen.Bool.Select(PackedRecord.Boolean), Gen.OneOf<string>("true", "false", "\"x\"", "1").Select(PackedRecord.Json)),
        Gen.OneOf<string>("{\"a\":[1]}", "[]", "{}").Select(PackedRecord.Json),
    ];

    /// <summary>Whatever a record has, it makes the same row, or is rejected for the same, as its text.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Values_mean_what_their_texts_mean(bool hasOps)
    {
        RowPlan plan = Transforming.PlanOf(match: null, lineage: false, Fields);
        DatasetDefinition withOps = plan.Definition with { Transforms = Ops };
        plan = hasOps ? new RowPlan(withOps, RowSteps.Of(withOps, _ => null)) : plan;
        var nulls = Gen.Const(PackedRecord.Null());
        Gen<byte[]> record = Values.Select(value => Gen.Frequency((15, value), (1, nulls))).Aggregate(
            (before, value) => Gen.Select(before, value).Select((bytes, next) => (byte[])[.. bytes, .. next]));

        record.Array[1, 4].Sample(
            records =>
            {
                Transforming packed = new(Packed(plan), PackedRecord.Chunk(records));
                Transforming text = new(Texts(plan), Shown(records, "\n"));

                Assert.Equal(text.Rows.Index().Select(row => text.Values(row.Index)), packed.Rows.Index().Select(row => packed.Values(row.Index)));
                Assert.Equal(text.Errors, packed.Errors);
            },
            iter: 400,
            print: records => Shown(records, "⏎"));
    }

    [Fact]
    public void Each_field_has_the_form_that_means_the_same()
    {
        Assert.Equal(
            [
                PackedTag.Integer, PackedTag.Integer, PackedTag.Integer, PackedTag.Decimal, PackedTag.Decimal, PackedTag.Decimal,
                PackedTag.Float, PackedTag.Single, PackedTag.Date, PackedTag.LocalDateTime, PackedTag.Instant,
                PackedTag.Null, PackedTag.Null, PackedTag.Null,
            ],
            Fields.Select(field => FieldEncoders.PackedFormOf(field, [new LabelledText("", null)])));
        foreach (FieldDefinition other in (FieldDefinition[])
        [
            Fields[2] with { GroupChar = "," }, Fields[3] with { DecimalChar = "," },
            Fields[2] with { SqlType = new SqlType(SqlTypeName.Text) },
            Fields[8] with { Format = "%d.%m.%Y" }, Fields[10] with { Format = "any" },
        ])
        {
            Assert.Equal(PackedTag.Null, FieldEncoders.PackedFormOf(other, []));
        }

        Assert.Equal(PackedTag.Null, FieldEncoders.PackedFormOf(Fields[8], [new LabelledText("1900-01-01", null)]));
    }

    /// <summary>As people read them, and as they can be sent again.</summary>
    [Fact]
    public void A_record_is_shown_as_JSON()
    {
        byte[] record = PackedRecord.Of(
            PackedRecord.Null(), PackedRecord.String("a\"\\\n\u0001é"), PackedRecord.Json("{\"a\":1}"), PackedRecord.Integer(-7),
            PackedRecord.Decimal(-5, 2), PackedRecord.Decimal(long.MinValue + 1, 0), PackedRecord.Float(0.1), PackedRecord.Single(0.1f),
            PackedRecord.Date(DayMin), PackedRecord.Time(PackedTag.LocalDateTime, -1), PackedRecord.Time(PackedTag.Instant, 500_000),
            PackedRecord.Time(PackedTag.Instant, 0), PackedRecord.Boolean(true), PackedRecord.Boolean(false));

        Assert.Equal(
            """
            [null,"a\"\\\u000a\u0001é",{"a":1},-7,-0.05,-9223372036854775807,0.1,0.1,"0001-01-01",
            "1999-12-31T23:59:59.999999","2000-01-01T00:00:00.500Z","2000-01-01T00:00:00Z",true,false]
            """.ReplaceLineEndings(""),
            Text.UTF8.GetString(PackedText.Of(record)));
    }

    /// <summary>
    /// A file whose converter was fooled harms nobody: whatever a record is, it is read or rejected, and those around it are read.
    /// </summary>
    [Fact]
    public void What_is_no_record_costs_itself()
    {
        RowPlan plan = Transforming.PlanOf("a,b");
        byte[] good = PackedRecord.Of(PackedRecord.String("x"), PackedRecord.String("é"));
        byte[][] bad =
        [
            .. Enumerable.Range(0, good.Length).Select(length => good[..length]), [.. good, 0], [99, .. good],
            PackedRecord.Of(PackedRecord.Json("1x"), PackedRecord.Null()),
            PackedRecord.Of(PackedRecord.Date(int.MaxValue), PackedRecord.Null()),
            PackedRecord.Of(PackedRecord.Decimal(1, 200), PackedRecord.Null()),
            PackedRecord.Of(PackedRecord.Time(PackedTag.Instant, long.MinValue), PackedRecord.Null()),
            PackedRecord.Of([(byte)PackedTag.Text, 255, 255, 255, 255], PackedRecord.Null()),
        ];

        foreach (byte[] record in bad)
        {
            Transforming result = new(Packed(plan), PackedRecord.Chunk(good, record, good));

            Assert.Equal(["101:201 x|é", "103:203 x|é"], result.Rows);
            Assert.Equal(["102:202 * MalformedJson"], result.Errors);
            Assert.StartsWith("[", Text.UTF8.GetString(PackedText.Of(record)), StringComparison.Ordinal);
        }

        byte[] wrong = PackedRecord.Of(PackedRecord.String("x"), PackedRecord.Counted(PackedTag.Text, [0xC3]));
        Assert.Equal(["101:201 * InvalidUtf8"], new Transforming(Packed(plan), PackedRecord.Chunk(wrong)).Errors);
    }

    [Fact]
    public void What_the_schema_does_not_declare_is_kept_as_JSON()
    {
        FieldDefinition[] fields = [Field("a", FieldType.String, SqlTypeName.Text), Field("rest", FieldType.Object, SqlTypeName.Jsonb)];
        DatasetDefinition definition = Transforming.PlanOf(match: null, lineage: false, fields).Definition;
        RowPlan plan = new(definition with { Schema = definition.Schema with { Rest = "rest" } });
        byte[] record = PackedRecord.Of(
            PackedRecord.String("x\"y"), PackedRecord.Json("[1]"), PackedRecord.String("z"), PackedRecord.Null(),
            PackedRecord.Json("\"\\u00e9\""), PackedRecord.Boolean(true), PackedRecord.Date(0));

        Transforming result = new(Packed(plan, "q", "l", "a", "n", "e", "b", "d"), PackedRecord.Chunk(record));

        Assert.Equal(["101:201 z|\u0001{\"q\":\"x\\\"y\",\"l\":[1],\"n\":null,\"e\":\"\\u00e9\",\"b\":true,\"d\":\"2000-01-01\"}"], result.Rows);
    }

    [Fact]
    public void The_scanner_ends_records_where_the_reader_does_and_passes_over_those_that_are_too_long()
    {
        byte[] chunk = PackedRecord.Chunk([1, 2, 3], [], [4, 5, 6, 7, 8], [9]);
        PackedScanner scanner = new(recordBytesMax: 4);

        ScanResult first = scanner.Scan(chunk, isFinal: false, recordsMax: 100);
        Assert.Equal((11, 2, true), (first.Length, first.Records, first.RecordTooLong));
        Assert.Equal(7, scanner.Scan(chunk, isFinal: false, recordsMax: 1).Length);
        Assert.Equal(0, scanner.Scan(chunk.AsSpan(0, 6), isFinal: false, recordsMax: 100).Length);
        RecordSkip skip = scanner.BeginSkip();
        Assert.Equal(6, skip.Pass(chunk.AsSpan(11, 6), isFinal: false, out bool isOver, out _));
        Assert.False(isOver);
        Assert.Equal(3, skip.Pass(chunk.AsSpan(17), isFinal: false, out isOver, out _));
        Assert.True(isOver);
        Assert.Equal((0, 1), (skip.LinesIn("\n\n"u8, isOver: false), skip.LinesIn("\n\n"u8, isOver: true)));
        Assert.Equal(1, scanner.Scan(chunk.AsSpan(20), isFinal: true, recordsMax: 100).Records);
    }

    [Fact]
    public void Allocates_nothing_once_the_workspace_has_grown()
    {
        ChunkTransform transform = Packed(Transforming.PlanOf(match: null, lineage: true, Fields));
        byte[] good = PackedRecord.Of(
            PackedRecord.Integer(1), PackedRecord.Integer(2), PackedRecord.Integer(3), PackedRecord.Decimal(123, 2),
            PackedRecord.Decimal(-5, 2), PackedRecord.Null(), PackedRecord.Float(0.1), PackedRecord.Single(1), PackedRecord.Date(1),
            PackedRecord.Time(PackedTag.LocalDateTime, 2), PackedRecord.Time(PackedTag.Instant, 3),
            PackedRecord.String("é"), PackedRecord.Boolean(true), PackedRecord.Json("{}"));
        byte[] bad = [.. PackedRecord.Integer(-100_000), .. good[9..]];
        byte[] data = PackedRecord.Chunk([.. Enumerable.Range(0, 1_000).SelectMany(_ => (byte[][])[good, bad, []])]);
        TransformWorkspace workspace = new();
        int records = transform.Run(data, new ChunkPosition(1, 1), workspace);

        Assert.Equal(0, Allocations.Of(() => transform.Run(data, new ChunkPosition(1, 1), workspace)));
        Assert.Equal((3_000, 1_000), (records, workspace.Rows.Count));
    }

    private static FieldDefinition Field(string name, FieldType type, SqlTypeName column, FieldConstraints? constraints = null) =>
        new() { Name = name, Type = type, SqlType = new SqlType(column), Constraints = constraints ?? FieldConstraints.None };

    private static ChunkTransform Packed(RowPlan plan, params string[] names)
    {
        names = names is [] ? NamesOf(plan) : names;
        HeaderBinding binding = HeaderBinding.ByName([.. names], plan.Definition.Schema, out _)!;
        return new(plan, new PackedRecordReader(binding, [.. names]), new JobFacts(Guid.Empty));
    }

    private static ChunkTransform Texts(RowPlan plan) => new(
        plan,
        new JsonArrayRecordReader(HeaderBinding.ByName([.. NamesOf(plan)], plan.Definition.Schema, out _)!, RaggedRows.None),
        new JobFacts(Guid.Empty));

    private static string Shown(byte[][] records, string between) =>
        string.Join(between, records.Select(record => Text.UTF8.GetString(PackedText.Of(record))));

    private static string[] NamesOf(RowPlan plan) => [.. plan.Definition.Schema.FieldsInData.Select(field => field.Name)];
}
