using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Numbers;

public sealed class NumberFormatTests
{
    private static readonly FieldDefinition German = Encoded.Field(FieldType.Number) with { DecimalChar = ",", GroupChar = "." };
    private static readonly FieldDefinition English = Encoded.Field(FieldType.Number) with { GroupChar = "," };
    private static readonly FieldDefinition Loose = German with { BareNumber = false };

    [Theory]
    [InlineData("1.234,50", "1234.50")]
    [InlineData("-1.234.567", "-1234567")]
    [InlineData("12,5e3", "12.5e3")]
    [InlineData(",5", ".5")]
    [InlineData("NaN", "NaN")]
    public void Reads_other_marks(string text, string plain) => Assert.Equal(
        Encoded.Text(Encoded.Field(FieldType.Number), plain).Hex, Encoded.Text(German, text).Hex);

    [Fact]
    public void Refuses_marks_out_of_place() => Assert.All(
        ["1..000", ".100", "100.", "1,000.5", "1,5,5", "1.234,50 €", "€1", "", ","],
        text => Assert.Equal("TypeMismatch", Encoded.Text(German, text).Hex));

    [Theory]
    [InlineData("1,234", "1234")]
    [InlineData("12,345", "12345")]
    [InlineData("123,456", "123456")]
    [InlineData("-1,234,567.89", "-1234567.89")]
    [InlineData("12,34,567", "1234567")]
    [InlineData("1,23,45,67,890.5", "1234567890.5")]
    [InlineData("1234567", "1234567")]
    [InlineData("0.123", "0.123")]
    public void A_group_mark_stands_before_three_digits_or_in_India_before_two_and_then_three(string text, string plain)
    {
        Assert.Equal(Encoded.Text(Encoded.Field(FieldType.Number), plain).Hex, Encoded.Text(English, text).Hex);
        if (!plain.Contains('.', StringComparison.Ordinal))
        {
            Assert.Equal(
                Encoded.Text(Encoded.Field(FieldType.Integer), plain).Hex,
                Encoded.Text(Encoded.Field(FieldType.Integer) with { GroupChar = "," }, text).Hex);
        }
    }

    [Theory]
    [InlineData("12,50")]
    [InlineData("1,5")]
    [InlineData("173,90")]
    [InlineData("1,23")]
    [InlineData("1,2345")]
    [InlineData("1234,567")]
    [InlineData("1,234,56")]
    [InlineData("1,2,345")]
    [InlineData("123,45,678")]
    [InlineData("1,234,56,789")]
    [InlineData("12,34,567,890")]
    [InlineData("0,123")]
    [InlineData("-0,500")]
    [InlineData("1,,234")]
    [InlineData(",234")]
    [InlineData("12,50.00")]
    public void Any_other_grouping_is_no_number(string text)
    {
        Assert.Equal("TypeMismatch", Encoded.Text(English, text).Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(English with { BareNumber = false }, $"$ {text}").Hex);
        Assert.Equal(
            "TypeMismatch", Encoded.Text(Encoded.Field(FieldType.Integer) with { GroupChar = "," }, text).Hex);
    }

    [Theory]
    [InlineData("€ 1.234,50", "1234.50")]
    [InlineData("1.234,50 EUR", "1234.50")]
    [InlineData("95%", "95")]
    [InlineData("EUR -5", "-5")]
    [InlineData("INF", "INF")]
    [InlineData("5e", "5")]
    [InlineData("€,50", "0.50")]
    [InlineData("Rs. 500", "500")]
    public void Leaves_out_text_around_a_number(string text, string plain) => Assert.Equal(
        Encoded.Text(Encoded.Field(FieldType.Number), plain).Hex, Encoded.Text(Loose, text).Hex);

    [Theory]
    [InlineData("-€5")]
    [InlineData("5-")]
    [InlineData("(5)")]
    [InlineData("−5")]
    [InlineData("–5")]
    [InlineData("5 of 7")]
    [InlineData("5 m²")]
    [InlineData("€ .50")]
    [InlineData("€.500")]
    [InlineData("Rs,500")]
    [InlineData("EUR")]
    [InlineData("")]
    [InlineData("5\0")]
    public void Refuses_text_that_could_change_the_meaning(string text) =>
        Assert.Equal("TypeMismatch", Encoded.Text(Loose, text).Hex);

    [Fact]
    public void Refuses_text_around_a_number_that_is_not_utf8() =>
        Assert.Equal("InvalidUtf8", Encoded.Text(Loose, [0xFF, (byte)'5']).Hex);

    [Fact]
    public void Integers_have_groups_and_text_around_but_no_decimal_mark()
    {
        FieldDefinition integer = Encoded.Field(FieldType.Integer) with { GroupChar = "\u00A0", BareNumber = false };
        Assert.Equal("00000000000F4240", Encoded.Text(integer, "1\u00A0000\u00A0000 pcs").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(integer, "1.5 pcs").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(integer, "1e3").Hex);
        Assert.Equal("0000000000000007", Encoded.Json(integer, "7").Hex);
    }

    [Fact]
    public void Long_numbers_keep_their_digits()
    {
        string text = string.Join('.', Enumerable.Repeat("123", 400));
        Assert.Equal(
            Encoded.Text(Encoded.Field(FieldType.Number), text.Replace(".", "", StringComparison.Ordinal)).Hex,
            Encoded.Text(German, text).Hex);
    }

    [Fact]
    public void A_text_column_keeps_the_marks() => Assert.Equal(
        "1.234,50 €", System.Text.Encoding.UTF8.GetString(
            Encoded.Text(Loose with { SqlType = new(SqlTypeName.Text) }, "1.234,50 €").Bytes));

    [Fact]
    public void Bounds_may_be_written_either_way_unless_that_is_ambiguous()
    {
        Assert.Equal("Minimum", Encoded.Text(German with { Constraints = new() { Minimum = "1.234,5" } }, "1.234,4").Hex);
        Assert.Equal("Minimum", Encoded.Text(German with { GroupChar = null, Constraints = new() { Minimum = "0.5" } }, "0,4").Hex);
        Assert.False(FieldEncoders.TryValidate(German with { Constraints = new() { Minimum = "1.500" } }, out string? fault));
        Assert.Contains("ambiguous", fault, StringComparison.Ordinal);
    }
}
