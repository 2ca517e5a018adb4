using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Calendar;

public sealed class YearTests
{
    [Theory]
    [InlineData("2024", "000007E8")]
    [InlineData("0476", "000001DC")]
    [InlineData("0000", "00000000")]
    [InlineData("-0044", "FFFFFFD4")]
    [InlineData("12024", "00002EF8")]
    [InlineData("99999999999", "OutOfRange")]
    public void Years_are_integers(string text, string hex) => Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Year), text).Hex);

    [Fact]
    public void Refuses_what_is_no_year()
    {
        Assert.All(
            ["", "24", "476", "+2024", "02024", "-0000", "-44", "--2024", "-+2024", "2024Z", "2024-01", " 2024", "2024.0", "MMXXIV"],
            text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(Encoded.Field(FieldType.Year), text).Hex)));
        Assert.Equal("OutOfRange", Encoded.Text(Encoded.Field(FieldType.Year, SqlTypeName.SmallInt), "40000").Hex);
        Assert.Equal("0000000000009C40", Encoded.Text(Encoded.Field(FieldType.Year, SqlTypeName.BigInt), "40000").Hex);
    }

    [Fact]
    public void Numbers_of_JSON_are_years()
    {
        Assert.Equal("000001DC", Encoded.Json(Encoded.Field(FieldType.Year), "476").Hex);
        Assert.Equal("TypeMismatch", Encoded.Json(Encoded.Field(FieldType.Year), "2024.5").Hex);
        Assert.Equal("TypeMismatch", Encoded.Json(Encoded.Field(FieldType.Year), "true").Hex);
    }

    [Fact]
    public void Months_of_a_year_are_their_first_day()
    {
        FieldDefinition field = Encoded.Field(FieldType.YearMonth, constraints: new() { Maximum = "2024-06" });
        Assert.Equal(Encoded.Text(Encoded.Field(FieldType.Date), "2024-02-01").Hex, Encoded.Text(field, "2024-02").Hex);
        Assert.Equal("Maximum", Encoded.Text(field, "2024-07").Hex);
        Assert.Equal("OutOfRange", Encoded.Text(field, "0000-01").Hex);
        Assert.All(
            ["", "2024", "2024-1", "2024-13", "2024-00", "2024/01", "202401", "2024-01-01", "12024-01", "2024-01Z"],
            text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(field, text).Hex)));
        Assert.Equal("TypeMismatch", Encoded.Json(field, "202401").Hex);
    }
}
