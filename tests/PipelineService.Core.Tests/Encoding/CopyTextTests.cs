using System.Globalization;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

/// <summary>Rows as the lines of COPY's text form. That PostgreSQL reads the same values from both forms, other tests ask it.</summary>
public sealed class CopyTextTests
{
    /// <summary>Any, and those around the end of February, of centuries too: there a calendar is wrong if it is.</summary>
    private static readonly Gen<DateOnly> Day = Gen.OneOf(
        Gen.Int[DateOnly.MinValue.DayNumber, DateOnly.MaxValue.DayNumber].Select(DateOnly.FromDayNumber),
        Gen.Select(Gen.OneOf(Gen.Int[1, 9999], Gen.Int[1, 99].Select(century => century * 100)), Gen.Int[-2, 1])
            .Select((year, days) => new DateOnly(year, 3, 1).AddDays(days)));

    [Theory]
    [InlineData(FieldType.Integer, SqlTypeName.SmallInt, "-32768", "-32768")]
    [InlineData(FieldType.Integer, SqlTypeName.Integer, "2147483647", "2147483647")]
    [InlineData(FieldType.Integer, SqlTypeName.BigInt, "-9223372036854775808", "-9223372036854775808")]
    [InlineData(FieldType.Number, SqlTypeName.Real, "0.1", "0.1")]
    [InlineData(FieldType.Number, SqlTypeName.DoublePrecision, "-1.7976931348623157e308", "-1.7976931348623157E+308")]
    [InlineData(FieldType.Number, SqlTypeName.DoublePrecision, "5e-324", "5E-324")]
    [InlineData(FieldType.Number, SqlTypeName.DoublePrecision, "-0", "-0")]
    [InlineData(FieldType.Number, SqlTypeName.DoublePrecision, "-INF", "-Infinity")]
    [InlineData(FieldType.Number, SqlTypeName.Real, "NaN", "NaN")]
    [InlineData(FieldType.Number, SqlTypeName.Numeric, "INF", "Infinity")]
    [InlineData(FieldType.Number, SqlTypeName.Numeric, "-INF", "-Infinity")]
    [InlineData(FieldType.Number, SqlTypeName.Numeric, "NaN", "NaN")]
    [InlineData(FieldType.Number, SqlTypeName.Numeric, "-0.00", "0.00")]
    [InlineData(FieldType.Number, SqlTypeName.Numeric, "1e-5", "0.00001")]
    [InlineData(FieldType.Number, SqlTypeName.Numeric, "-120000000.0500", "-120000000.0500")]
    [InlineData(FieldType.Boolean, SqlTypeName.Boolean, "true", "t")]
    [InlineData(FieldType.Boolean, SqlTypeName.Boolean, "0", "f")]
    [InlineData(FieldType.Date, SqlTypeName.Date, "0001-01-01", "0001-01-01")]
    [InlineData(FieldType.Date, SqlTypeName.Date, "2000-02-29", "2000-02-29")]
    [InlineData(FieldType.Date, SqlTypeName.Date, "1900-02-28", "1900-02-28")]
    [InlineData(FieldType.Date, SqlTypeName.Date, "9999-12-31", "9999-12-31")]
    [InlineData(FieldType.Time, SqlTypeName.Time, "23:59:59.000001", "23:59:59.000001")]
    [InlineData(FieldType.Time, SqlTypeName.Time, "00:00:00", "00:00:00")]
    [InlineData(FieldType.DateTime, SqlTypeName.Timestamp, "1969-12-31T23:59:59.9", "1969-12-31 23:59:59.900000")]
    [InlineData(FieldType.DateTime, SqlTypeName.TimestampTz, "2024-02-29T01:00:00+02:00", "2024-02-28 23:00:00+00")]
    [InlineData(FieldType.DateTime, SqlTypeName.TimestampTz, "0001-01-01T00:00:00+02:00", "0001-12-31 22:00:00+00 BC")]
    [InlineData(FieldType.DateTime, SqlTypeName.TimestampTz, "9999-12-31T23:00:00-02:00", "10000-01-01 01:00:00+00")]
    [InlineData(FieldType.String, SqlTypeName.Uuid, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")]
    [InlineData(FieldType.String, SqlTypeName.Text, "a\tb\nc\rd\\Ne", "a\\tb\\nc\\rd\\\\Ne")]
    [InlineData(FieldType.String, SqlTypeName.Text, "", "")]
    [InlineData(FieldType.String, SqlTypeName.Text, "\\.", "\\\\.")]
    [InlineData(FieldType.Object, SqlTypeName.Jsonb, "{\"a\\n\":\n1}", "{\"a\\\\n\":\\n1}")]
    [InlineData(FieldType.Array, SqlTypeName.Json, "[1]", "[1]")]
    [InlineData(FieldType.Duration, SqlTypeName.Interval, "-P1Y2M3DT4H5M6.5S", "P-14M-3DT-4H-5M-6.500000S")]
    [InlineData(FieldType.Duration, SqlTypeName.Interval, "PT2562047788H54.775807S", "P0M0DT2562047788H0M54.775807S")]
    [InlineData(FieldType.GeoPoint, SqlTypeName.Point, "-90.50, 45.25", "-90.5,45.25")]
    public void Writes_each_type_so_that_it_is_read_as_the_same_value(FieldType type, SqlTypeName column, string text, string expected) =>
        Assert.Equal(expected, Line(Encoded.Field(type, column), text));

    /// <summary>A column that only the database knows gets texts as they are, and typed values as what they mean.</summary>
    [Theory]
    [InlineData(FieldType.String, "{ 1,2 }", "{ 1,2 }")]
    [InlineData(FieldType.Any, "x", "x")]
    [InlineData(FieldType.Integer, "007", "7")]
    [InlineData(FieldType.Number, "1e2", "100")]
    [InlineData(FieldType.Boolean, "1", "t")]
    [InlineData(FieldType.DateTime, "2024-02-29T01:00:00", "2024-02-29 01:00:00+00")]
    [InlineData(FieldType.Object, "{ }", "{ }")]
    public void Writes_what_only_the_database_can_read(FieldType type, string text, string expected) =>
        Assert.Equal(expected, Line(Encoded.Field(type, SqlType.Other("public.mine")), text));

    /// <summary>In array literals a backslash has one before it, and each of the two has another in COPY.</summary>
    [Theory]
    [InlineData(FieldType.String, "a b|\"|\\|NULL||\t|{", """{"a b","\\"","\\\\","NULL","","\t","{"}""")]
    [InlineData(FieldType.Number, "1.50|NaN", """{"1.50","NaN"}""")]
    [InlineData(FieldType.DateTime, "2024-02-29T01:00:00+02:00", """{"2024-02-28 23:00:00+00"}""")]
    public void Writes_lists_as_array_literals(FieldType item, string text, string expected) =>
        Assert.Equal(expected, Line(Encoded.Field(FieldType.List) with { Delimiter = "|", ItemType = item }, text));

    [Fact]
    public void Writes_bytes_as_hexadecimal_digits() => Assert.Equal(
        "\\\\x00ff", Line(Encoded.Field(FieldType.String) with { Format = FieldFormats.Binary }, "AP8="));

    [Fact]
    public void Separates_values_and_tells_null_from_an_empty_text()
    {
        CopyText lines = new(PlanOf(lineage: true, Encoded.Field(FieldType.String), Encoded.Field(FieldType.Integer)));
        RowBuffer rows = new();
        rows.BeginRow(4);
        rows.WriteBytesField([]);
        rows.WriteNull();
        rows.WriteBytesField(Convert.FromHexString("00112233445566778899AABBCCDDEEFF"));
        rows.WriteInt64Field(101);
        rows.EndRow(101, 1, 0, 0);

        lines.Append(rows.RowBytes(0, 1).Span);
        lines.Append(rows.RowBytes(0, 1).Span);

        const string Expected = "\t\\N\t00112233-4455-6677-8899-aabbccddeeff\t101\n";
        Assert.Equal(Expected + Expected, System.Text.Encoding.UTF8.GetString(lines.Lines.Span));
        lines.Clear();
        Assert.True(lines.Lines.IsEmpty);
    }

    [Fact]
    public void Writes_every_day_and_every_decimal_as_it_was() => Gen.Select(Day, Gen.Decimal).Sample(
        (date, number) =>
        {
            string day = date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            Assert.Equal(day, Line(Encoded.Field(FieldType.Date), day));
            string digits = number.ToString(CultureInfo.InvariantCulture);
            Assert.Equal(number == 0 ? digits.TrimStart('-') : digits, Line(Encoded.Field(FieldType.Number), digits));
        },
        iter: 10_000);

    [Fact]
    public void Allocates_nothing_once_it_has_grown()
    {
        FieldDefinition[] fields =
        [
            Encoded.Field(FieldType.Integer), Encoded.Field(FieldType.Number), Encoded.Field(FieldType.Number, SqlTypeName.Real),
            Encoded.Field(FieldType.Boolean), Encoded.Field(FieldType.Date), Encoded.Field(FieldType.Time),
            Encoded.Field(FieldType.DateTime), Encoded.Field(FieldType.String), Encoded.Field(FieldType.String, SqlTypeName.Uuid),
            Encoded.Field(FieldType.Object), Encoded.Field(FieldType.Duration), Encoded.Field(FieldType.List),
            Encoded.Field(FieldType.GeoPoint), Encoded.Field(FieldType.String) with { Format = FieldFormats.Binary },
        ];
        string[] values =
        [
            "-1", "12345678901234567890.5", "1.5", "true", "2024-02-29", "12:34:56.7", "2024-02-29T00:00:00Z", "a\\b\nc",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{\"a\":1}", "P1DT1.5S", "a,b", "1,2", "aGVsbG8=",
        ];
        RowBuffer rows = new();
        rows.BeginRow((short)fields.Length);
        for (int i = 0; i < fields.Length; i++)
        {
            Assert.Equal(RecordErrorCode.None, FieldEncoders.Create(fields[i]).Encode(System.Text.Encoding.UTF8.GetBytes(values[i]), rows));
        }

        rows.EndRow(1, 1, 0, 0);
        CopyText lines = new(PlanOf(lineage: false, fields));

        Assert.Equal(0, Allocations.Of(() =>
        {
            lines.Clear();
            for (int i = 0; i < 1_000; i++)
            {
                lines.Append(rows.RowBytes(0, 1).Span);
            }
        }));
    }

    private static string Line(FieldDefinition field, string text)
    {
        RowBuffer rows = new(initialBytes: 0);
        rows.BeginRow(1);
        Assert.Equal(RecordErrorCode.None, FieldEncoders.Create(field).Encode(System.Text.Encoding.UTF8.GetBytes(text), rows));
        rows.EndRow(1, 1, 0, 0);
        CopyText lines = new(PlanOf(lineage: false, field));
        lines.Append(rows.RowBytes(0, 1).Span);
        return System.Text.Encoding.UTF8.GetString(lines.Lines.Span)[..^1];
    }

    private static RowPlan PlanOf(bool lineage, params FieldDefinition[] fields) => new(new()
    {
        Schema = new TableSchema { Fields = [.. fields] },
        Load = new LoadPolicy { Table = new TableName("public", "t"), Lineage = lineage },
    });
}
