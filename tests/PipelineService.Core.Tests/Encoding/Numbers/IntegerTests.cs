using System.Buffers.Binary;
using System.Globalization;
using CsCheck;
using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Numbers;

public sealed class IntegerTests
{
    [Theory]
    [InlineData(SqlTypeName.BigInt, "0", "0000000000000000")]
    [InlineData(SqlTypeName.BigInt, "-1", "FFFFFFFFFFFFFFFF")]
    [InlineData(SqlTypeName.BigInt, "+7", "0000000000000007")]
    [InlineData(SqlTypeName.BigInt, "-0", "0000000000000000")]
    [InlineData(SqlTypeName.BigInt, "9223372036854775807", "7FFFFFFFFFFFFFFF")]
    [InlineData(SqlTypeName.BigInt, "-9223372036854775808", "8000000000000000")]
    [InlineData(SqlTypeName.BigInt, "0000000000000000000000000000000012", "000000000000000C")]
    [InlineData(SqlTypeName.BigInt, "0000000000000000000000000000000000", "0000000000000000")]
    [InlineData(SqlTypeName.Integer, "2147483647", "7FFFFFFF")]
    [InlineData(SqlTypeName.Integer, "-2147483648", "80000000")]
    [InlineData(SqlTypeName.SmallInt, "-32768", "8000")]
    [InlineData(SqlTypeName.SmallInt, "32767", "7FFF")]
    [InlineData(SqlTypeName.Numeric, "-12345678901234567890", "000500044000000004D2162E23340D801ED2")]
    [InlineData(SqlTypeName.Text, "+0012345678901234567890", "2B30303132333435363738393031323334353637383930")]
    public void Takes_an_optional_sign_and_digits(SqlTypeName column, string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Integer, column), text).Hex);

    [Theory]
    [InlineData(SqlTypeName.BigInt, "9223372036854775808")]
    [InlineData(SqlTypeName.BigInt, "-9223372036854775809")]
    [InlineData(SqlTypeName.BigInt, "99999999999999999999999999999999999999999999999")]
    [InlineData(SqlTypeName.Integer, "2147483648")]
    [InlineData(SqlTypeName.Integer, "-2147483649")]
    [InlineData(SqlTypeName.SmallInt, "32768")]
    [InlineData(SqlTypeName.SmallInt, "-32769")]
    [InlineData(SqlTypeName.SmallInt, "9223372036854775807")]
    public void Refuses_what_the_column_cannot_hold(SqlTypeName column, string text) =>
        Assert.Equal("OutOfRange", Encoded.Text(Encoded.Field(FieldType.Integer, column), text).Hex);

    [Theory]
    [InlineData(SqlTypeName.BigInt)]
    [InlineData(SqlTypeName.Integer)]
    [InlineData(SqlTypeName.SmallInt)]
    [InlineData(SqlTypeName.Numeric)]
    [InlineData(SqlTypeName.Text)]
    public void Refuses_everything_else(SqlTypeName column) => Assert.All(
        ["", "-", "+", "--1", " 1", "1 ", "1.0", "1e3", "0x10", "١", "1,000", "NaN", "12345678901234567890x", "/", ":"],
        text => Assert.Equal("TypeMismatch", Encoded.Text(Encoded.Field(FieldType.Integer, column), text).Hex));

    [Theory]
    [InlineData("1", "0000000000000001")]
    [InlineData("-0", "0000000000000000")]
    [InlineData("9223372036854775807", "7FFFFFFFFFFFFFFF")]
    [InlineData("9223372036854775808", "OutOfRange")]
    [InlineData("1.0", "TypeMismatch")]
    [InlineData("1e2", "TypeMismatch")]
    [InlineData("1.50e1", "TypeMismatch")]
    [InlineData("0.0", "TypeMismatch")]
    [InlineData("1.5", "TypeMismatch")]
    [InlineData("true", "TypeMismatch")]
    [InlineData("[1]", "TypeMismatch")]
    [InlineData("{}", "TypeMismatch")]
    public void Takes_json_numbers_by_the_same_rule(string json, string hex)
    {
        Assert.Equal(hex, Encoded.Json(Encoded.Field(FieldType.Integer), json).Hex);
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Integer), json).Hex);
    }

    [Theory]
    [InlineData(SqlTypeName.BigInt)]
    [InlineData(SqlTypeName.SmallInt)]
    [InlineData(SqlTypeName.Numeric)]
    [InlineData(SqlTypeName.Text)]
    public void No_column_takes_a_json_number_with_a_point_or_an_exponent(SqlTypeName column) => Assert.All(
        ["1.0", "1e2", "-0.0", "1E0"],
        json => Assert.Equal("TypeMismatch", Encoded.Json(Encoded.Field(FieldType.Integer, column), json).Hex));

    [Theory]
    [InlineData(SqlTypeName.BigInt)]
    [InlineData(SqlTypeName.Numeric)]
    public void Bounds_are_json_and_may_be_written_in_each_of_its_ways(SqlTypeName column)
    {
        FieldDefinition field = Encoded.Field(
            FieldType.Integer,
            column,
            new() { Minimum = "-1.0", Maximum = "1e2", Enum = ["5.0", "100", "0.0e7", "101"] });
        Assert.Equal("None", Encoded.Text(field, "100").Code.ToString());
        Assert.Equal("None", Encoded.Text(field, "5").Code.ToString());
        Assert.Equal("None", Encoded.Text(field, "0").Code.ToString());
        Assert.Equal("Maximum", Encoded.Text(field, "101").Code.ToString());
        Assert.Equal("Minimum", Encoded.Text(field, "-2").Code.ToString());
        Assert.False(PipelineService.Core.Encoding.FieldEncoders.TryValidate(
            field with { Constraints = new() { Minimum = "1.5" } }, out _));
    }

    [Fact]
    public void Reads_every_long_back() => Gen.Long.Sample(value =>
        BinaryPrimitives.ReadInt64BigEndian(
            Encoded.Text(Encoded.Field(FieldType.Integer), value.ToString(CultureInfo.InvariantCulture)).Bytes) == value);

    [Fact]
    public void Agrees_with_the_framework_on_every_short_text() =>
        Gen.OneOf(
            Gen.String[Gen.Char["0123456789+-. e"], 0, 21],
            Gen.Select(Gen.OneOf<string>("", "+", "-"), Gen.String[Gen.Char['0', '9'], 0, 22], (sign, digits) => sign + digits))
            .Sample(
            text =>
            {
                bool isLexical = System.Text.RegularExpressions.Regex.IsMatch(text, @"\A[+-]?[0-9]+\z");
                bool fits = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value);
                string expected = !isLexical ? "TypeMismatch" : !fits ? "OutOfRange" : value.ToString("X16", CultureInfo.InvariantCulture);
                Assert.Equal(expected, Encoded.Text(Encoded.Field(FieldType.Integer), text).Hex);
            },
            iter: 10_000);
}
