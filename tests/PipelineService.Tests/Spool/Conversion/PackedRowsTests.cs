using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Apache.Arrow.Types;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Conversion.Arrow;
using PipelineService.Spool.Conversion.Packing;
using PipelineService.Spool.Conversion.Parquet;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>
/// Values that the dataset stores in the form in which the file has them are handed over in it, and no text is made of them; what no row
/// is made of is told by its text, as if there were no such form.
/// </summary>
public sealed class PackedRowsTests : IDisposable
{
    private static readonly DatasetDefinition Definition = new()
    {
        Schema = new TableSchema
        {
            Fields =
            [
                Field("i", FieldType.Integer, SqlTypeName.BigInt), Field("u", FieldType.Integer, SqlTypeName.Integer),
                Field("n", FieldType.Number, SqlTypeName.Numeric), Field("w", FieldType.Integer, SqlTypeName.Numeric),
                Field("f", FieldType.Number, SqlTypeName.DoublePrecision), Field("g", FieldType.Number, SqlTypeName.Real),
                Field("d", FieldType.Date, SqlTypeName.Date), Field("t", FieldType.DateTime, SqlTypeName.Timestamp),
                Field("z", FieldType.DateTime, SqlTypeName.TimestampTz), Field("l", FieldType.DateTime, SqlTypeName.TimestampTz),
                Field("s", FieldType.String, SqlTypeName.Text),
            ],
        },
        Load = new LoadPolicy { Table = new TableName("public", "t") },
    };

    private static readonly PackedTag[] Usual =
    [
        PackedTag.Integer, PackedTag.Integer, PackedTag.Decimal, PackedTag.Decimal, PackedTag.Float, PackedTag.Single, PackedTag.Date,
        PackedTag.LocalDateTime, PackedTag.Instant, PackedTag.LocalDateTime, PackedTag.Text,
    ];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Of_Parquet()
    {
        byte[] file = ParquetSample.Of("""
            SELECT * FROM (VALUES
              (-5::BIGINT, 7::UBIGINT, 1.50::DECIMAL(38,2), 12::INTEGER, 0.1::DOUBLE, 0.1::FLOAT, DATE '2026-03-01',
                TIMESTAMP '2026-03-01 06:00:00.5', TIMESTAMPTZ '2026-03-01 06:00:00+02', TIMESTAMP_NS '2026-03-01 06:00:00.123456', 'é"'),
              (9223372036854775807, 18446744073709551615, -0.05, 0, '-0'::DOUBLE, 'nan'::FLOAT, '0001-01-01',
                '0001-01-01 00:00:00', '9999-12-31 23:59:59.999999+00', '2026-03-01 06:00:00.123456789', ''),
              (-9223372036854775808, 0, 123456789012345678901234567890.12, 1, 'inf'::DOUBLE, 3.4028235e38::FLOAT, '9999-12-31',
                '9999-12-31 23:59:59.999999', '10000-01-01 00:00:00+00', '1969-12-31 23:59:59.999999', NULL),
              (NULL, 9223372036854775808, -92233720368547758.07, -2147483648, 5e-324::DOUBLE, -1.5::FLOAT, '10000-01-01',
                '10000-01-01 00:00:00', NULL, NULL, chr(1)),
              (1, 1, NULL, NULL, NULL, NULL, DATE '1970-01-01' - 800000, TIMESTAMP '1970-01-01' - INTERVAL 800000 DAY, NULL, NULL, 'a'))
              v(i, u, n, w, f, g, d, t, z, l, s)
            """);

        Check(file, DataFormat.Parquet, records: 5);
    }

    [Fact]
    public void Of_Arrow()
    {
        const long Micro = 1_772_344_800_000_000, YearTen000 = 253_402_300_800_000_000;
        byte[] file = ArrowSample.Write(ArrowSample.Stream, null, [
            ("i", ArrowSample.Of<long>(Int64Type.Default, -5, long.MaxValue, long.MinValue, 0)),
            ("u", ArrowSample.Of<ulong>(UInt64Type.Default, 7, ulong.MaxValue, 1UL << 63, 0)),
            ("n", ArrowSample.Of<Int128>(new Decimal128Type(38, 2), 150, Int128.MinValue / 100, long.MinValue, 0)),
            ("w", ArrowSample.Of<int>(Int32Type.Default, 12, int.MinValue, 0, 0)),
            ("f", ArrowSample.Of<double>(DoubleType.Default, 0.1, double.NaN, double.NegativeInfinity, 0)),
            ("g", ArrowSample.Of<float>(FloatType.Default, 0.1f, float.NaN, float.Epsilon, 0)),
            ("d", ArrowSample.Of<int>(Date32Type.Default, 20_513, 2_932_897, -719_163, 0)),
            ("t", ArrowSample.Of<long>(
                new TimestampType(TimeUnit.Millisecond, (string?)null), 1_772_344_800_500, long.MaxValue, long.MinValue, 0)),
            ("z", ArrowSample.Of<long>(new TimestampType(TimeUnit.Microsecond, "UTC"), Micro, YearTen000 - 1, YearTen000, 0)),
            ("l", ArrowSample.Of<long>(new TimestampType(TimeUnit.Nanosecond, (string?)null), Micro * 1000, (Micro * 1000) + 1, -1_000, 0)),
            ("s", ArrowSample.OfTexts(StringType.Default, "é\"", "", "\u0001", "")),
        ]);

        Check(file, DataFormat.Arrow, records: 4);
    }

    /// <summary>Rows are packed together as long as they are short: more than that are, and longer ones, and those that are made for it.</summary>
    [Fact]
    public void Many_rows_of_any_length_come_in_their_order()
    {
        const int Rows = 1_500, LengthMax = 20_000;
        byte[] file = ParquetSample.Of($"""
            SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE repeat('x', (i * 7919) % {LengthMax}) END AS s, [i, NULL] AS o,
              CASE WHEN i % 500 = 7 THEN repeat('y', 300000) ELSE i::VARCHAR END AS w, CASE WHEN i % 400 = 0 THEN 'nan'::DOUBLE ELSE i::DOUBLE / 2 END AS f
            FROM range({Rows}) t(i)
            """);

        string[] lines = Lines(Convert(file, DataFormat.Parquet, ConversionRequest.PackedOf(Definition)));

        Assert.Equal(
            Enumerable.Range(0, Rows).Select(i => string.Create(CultureInfo.InvariantCulture, $"""
                [{i},{(i % 3 == 0 ? "null" : $"\"{new string('x', i * 7919 % LengthMax)}\"")},[{i},null],"{(i % 500 == 7 ? new string('y', 300_000) : i)}",{Half(i)}]
                """)),
            lines[1..]);

        static string Half(int i) => i % 400 == 0 ? "\"NaN\"" : (i / 2.0).ToString(CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Many_texts_come_in_their_order()
    {
        string[] texts = [.. Enumerable.Range(0, 1_000).Select(i => i % 7 == 0 ? new string('z', i * 100) : $"{i}")];
        byte[] file = ArrowSample.Write(ArrowSample.Stream, null, [("s", ArrowSample.OfTexts(StringType.Default, texts))]);

        Assert.Equal(
            [.. texts[..^1].Select(text => $"[\"{text}\"]"), "[null]"], Lines(Convert(file, DataFormat.Arrow, ConversionRequest.PackedOf(Definition)))[1..]);
    }

    /// <summary>A moment is no time of a place, and a float has other digits as a double: the text decides.</summary>
    [Fact]
    public void What_would_mean_something_else_stays_text()
    {
        byte[] file = ParquetSample.Of(
            """
            SELECT 0.1::FLOAT AS f, 0.1::DOUBLE AS g, TIMESTAMPTZ '2026-03-01 06:00:00+00' AS t, DATE '2026-03-01' AS z,
              1.5::DECIMAL(4,1) AS i, 1 AS s
            """);

        byte[] packed = Convert(file, DataFormat.Parquet, ConversionRequest.PackedOf(Definition));

        Assert.Equal(
            [PackedTag.Json, PackedTag.Json, PackedTag.Text, PackedTag.Text, PackedTag.Json, PackedTag.Text], TagsOf(packed, columns: 6));
        Assert.Equal(
            """
            ["f","g","t","z","i","s"]
            [0.1,0.1,"2026-03-01T06:00:00Z","2026-03-01",1.5,"1"]

            """,
            Encoding.UTF8.GetString(PackedText.OfFile(packed)));
    }

    [Fact]
    public void A_column_has_a_form_where_all_who_read_it_take_it()
    {
        ImmutableArray<FieldDefinition> fields = Definition.Schema.Fields;
        FieldDefinition[] twice = [fields[0] with { Name = "a", Source = "x" }, fields[4] with { Name = "b", Source = "x" }];

        Assert.Equal(10, ConversionRequest.PackedOf(Definition).Count);
        Assert.Empty(ConversionRequest.PackedOf(Definition with { Schema = Definition.Schema with { Fields = [.. twice] } }));
    }

    public void Dispose() => _folder.Dispose();

    private void Check(byte[] file, DataFormat format, int records)
    {
        byte[] packed = Convert(file, format, ConversionRequest.PackedOf(Definition));
        byte[] plain = Convert(file, format, new Dictionary<string, PackedTag>());

        string[] lines = Lines(packed);
        Assert.Equal(Lines(plain), lines);
        Assert.Equal(records + 1, lines.Length);
        Assert.Equal(Usual, TagsOf(packed, Usual.Length));
    }

    private static string[] Lines(byte[] file) =>
        Encoding.UTF8.GetString(PackedText.OfFile(file)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Of the first record.</summary>
    private static PackedTag[] TagsOf(byte[] file, int columns)
    {
        ReadOnlySpan<byte> rest = file.AsSpan(file.IndexOf((byte)'\n') + 1 + PackedText.LengthBytes);
        var tags = new PackedTag[columns];
        for (int i = 0; i < columns; i++)
        {
            tags[i] = (PackedTag)rest[0];
            int size = tags[i] switch
            {
                PackedTag.Text or PackedTag.Json => 4 + BinaryPrimitives.ReadInt32LittleEndian(rest[1..]),
                PackedTag.Single or PackedTag.Date => 4,
                PackedTag.Decimal => 9,
                PackedTag.Null => 0,
                _ => 8,
            };
            rest = rest[(1 + size)..];
        }

        return tags;
    }

    private byte[] Convert(byte[] file, DataFormat format, IReadOnlyDictionary<string, PackedTag> packed)
    {
        string path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(path, file);
        using BoundedOutput rows = new();
        ConversionRequest request = new(format, path, ConversionRequest.FieldsOf(Definition.Schema), MemoryBytes: 300 << 20)
        {
            Packed = packed,
        };
        if (format == DataFormat.Arrow)
        {
            ArrowConverter.Convert(request, new PackedRows(rows));
        }
        else
        {
            ParquetConverter.Convert(request, new PackedRows(rows));
        }

        return rows.ToArray();
    }

    private static FieldDefinition Field(string name, FieldType type, SqlTypeName column) =>
        new() { Name = name, Type = type, SqlType = new SqlType(column) };
}
