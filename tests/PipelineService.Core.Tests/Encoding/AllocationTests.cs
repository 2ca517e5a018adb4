using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

/// <summary>The hot path makes no garbage, for good values and for bad ones.</summary>
public sealed class AllocationTests
{
    private const int Values = 10_000;

    [Theory]
    [InlineData(FieldType.Integer, SqlTypeName.BigInt, "-1234567", "12", "x")]
    [InlineData(FieldType.Integer, SqlTypeName.SmallInt, "123", "12", "99999")]
    [InlineData(FieldType.Number, SqlTypeName.Numeric, "1234.50", "1", "1e-99999")]
    [InlineData(FieldType.Number, SqlTypeName.Numeric, "123456789012345678901234567890.5e-3", "1", "x")]
    [InlineData(FieldType.Number, SqlTypeName.DoublePrecision, "1234.5678", "1", "1e999")]
    [InlineData(FieldType.Number, SqlTypeName.Real, "1234.5678", "1", "x")]
    [InlineData(FieldType.Number, SqlTypeName.Text, "1234.5678", "1", "x")]
    [InlineData(FieldType.Boolean, SqlTypeName.Boolean, "true", null, "x")]
    [InlineData(FieldType.Date, SqlTypeName.Date, "2024-02-29", "2024-02-28", "2024-02-30")]
    [InlineData(FieldType.Time, SqlTypeName.Time, "12:34:56.789", "12:00:00", "24:00:00")]
    [InlineData(FieldType.DateTime, SqlTypeName.TimestampTz, "2024-02-29T12:34:56.789+05:30", "2024-02-28T00:00:00", "x")]
    [InlineData(FieldType.DateTime, SqlTypeName.Timestamp, "2024-02-29T12:34:56", "2024-02-28T00:00:00", "x")]
    [InlineData(FieldType.String, SqlTypeName.Text, "some text, größer", null, "\0")]
    [InlineData(FieldType.String, SqlTypeName.Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", null, "x")]
    [InlineData(FieldType.Object, SqlTypeName.Jsonb, """{"a":[1,2,{"b":"\u00e9"}],"\u0063":null}""", null, """{"a":1,"a":2}""")]
    [InlineData(FieldType.Any, SqlTypeName.Text, "anything", null, "\0")]
    [InlineData(FieldType.Year, SqlTypeName.Integer, "2024", "2023", "x")]
    [InlineData(FieldType.YearMonth, SqlTypeName.Date, "2024-02", "2024-01", "2024-13")]
    [InlineData(FieldType.Duration, SqlTypeName.Interval, "P1Y2M3DT4H5M6.5S", "P1D", "P1S")]
    [InlineData(FieldType.GeoPoint, SqlTypeName.Point, "90.50, 45.50", null, "x")]
    [InlineData(FieldType.GeoJson, SqlTypeName.Jsonb, """{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}""", null, "{}")]
    public void No_value_allocates(FieldType type, SqlTypeName column, string good, string? maximum, string bad)
    {
        FieldDefinition field = Encoded.Field(type, column);
        AssertNoAllocation(field, good);
        AssertNoAllocation(field, bad);
        if (maximum is not null)
        {
            AssertNoAllocation(field with { Constraints = new() { Minimum = maximum } }, good);
            AssertNoAllocation(field with { Constraints = new() { Maximum = maximum } }, good);
            AssertNoAllocation(field with { Constraints = new() { Enum = [maximum] } }, good);
        }
    }

    [Fact]
    public void No_constraint_on_text_allocates() => AssertNoAllocation(
        Encoded.Field(FieldType.String, constraints: new()
        {
            MinLength = 3,
            MaxLength = 12,
            Pattern = "[a-zß]+ [a-z]{2,}",
            Enum = ["grüße an", "gruß wen"],
        }),
        "gruß wen");

    [Fact]
    public void No_array_literal_allocates()
    {
        FieldDefinition field = Encoded.Field(FieldType.Array, SqlType.ArrayOf(new(SqlTypeName.Text)), new() { MinLength = 1, MaxLength = 9 });
        AssertNoAllocation(field, """["a",null,[1],{"b":"\u00e9\"x\""}]""");
        AssertNoAllocation(field, "{1,\"a b\"}");
        AssertNoAllocation(field, "{}");
    }

    [Theory]
    [InlineData(FieldType.String, "email", "ada@example.org", "x")]
    [InlineData(FieldType.String, "uri", "https://example.org/a?b#c", "x")]
    [InlineData(FieldType.String, "binary", "aGVsbG8=", "x")]
    [InlineData(FieldType.String, "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "x")]
    [InlineData(FieldType.Date, "%d %B %Y", "29 February 2024", "30 February 2024")]
    [InlineData(FieldType.DateTime, "%d/%m/%Y %I:%M:%S.%f %p %z", "29/2/2024 3:04:05.6 pm +01:00", "x")]
    [InlineData(FieldType.Date, "any", "26 Jan 2024", "05/06/2024")]
    [InlineData(FieldType.DateTime, "any", "Fri, 26 Jan 2024 15:00:00 +0530", "x")]
    [InlineData(FieldType.GeoPoint, "array", "[90.50, 45.50]", "[1]")]
    [InlineData(FieldType.GeoPoint, "object", """{"lon":90.50,"lat":45.50}""", "{}")]
    public void No_format_allocates(FieldType type, string format, string good, string bad)
    {
        AssertNoAllocation(Encoded.Field(type) with { Format = format }, good);
        AssertNoAllocation(Encoded.Field(type) with { Format = format }, bad);
    }

    [Theory]
    [InlineData(FieldType.String, "a,b,c")]
    [InlineData(FieldType.Number, "1.5,2,300")]
    [InlineData(FieldType.Date, "2024-02-28,2024-02-30")]
    public void No_list_allocates(FieldType item, string text) => AssertNoAllocation(
        Encoded.Field(FieldType.List, constraints: new() { MinLength = 1, MaxLength = 9 }) with { ItemType = item }, text);

    [Fact]
    public void No_number_format_allocates() => AssertNoAllocation(
        Encoded.Field(FieldType.Number) with { DecimalChar = ",", GroupChar = ".", BareNumber = false }, "€ 1.234,50");

    private static void AssertNoAllocation(FieldDefinition field, string text)
    {
        FieldEncoder encoder = FieldEncoders.Create(field);
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var rows = new RowBuffer();
        RecordErrorCode first = Run(encoder, bytes, rows);

        Assert.Equal(0, Allocations.Of(() => Run(encoder, bytes, rows)));
        Assert.Equal(first, Run(encoder, bytes, rows));
    }

    private static RecordErrorCode Run(FieldEncoder encoder, byte[] text, RowBuffer rows)
    {
        rows.Clear();
        RecordErrorCode code = default;
        for (int i = 0; i < Values; i++)
        {
            code = encoder.Encode(text, rows);
        }

        return code;
    }
}
