using System.Buffers.Binary;
using System.Globalization;
using CsCheck;
using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

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
    [InlineData("1.0", "0000000000000001")]
    [InlineData("1.50e1", "000000000000000F")]
    [InlineData("-1e3", "FFFFFFFFFFFFFC18")]
    [InlineData("0.0", "0000000000000000")]
    [InlineData("0e99", "0000000000000000")]
    [InlineData("9223372036854775807.0", "7FFFFFFFFFFFFFFF")]
    [InlineData("1.5", "TypeMismatch")]
    [InlineData("1e-1", "TypeMismatch")]
    [InlineData("1e19", "OutOfRange")]
    [InlineData("1e999999999999", "OutOfRange")]
    [InlineData("true", "TypeMismatch")]
    [InlineData("[1]", "TypeMismatch")]
    [InlineData("{}", "TypeMismatch")]
    public void Takes_whole_json_numbers_however_they_are_written(string json, string hex) =>
        Assert.Equal(hex, Encoded.Json(Encoded.Field(FieldType.Integer), json).Hex);

    [Fact]
    public void Stores_whole_json_numbers_without_scale_in_numeric() =>
        Assert.Equal("0001000000000000000F", Encoded.Json(Encoded.Field(FieldType.Integer, SqlTypeName.Numeric), "1.50e1").Hex);

    [Fact]
    public void Reads_every_long_back() => Gen.Long.Sample(value =>
        BinaryPrimitives.ReadInt64BigEndian(
            Encoded.Text(Encoded.Field(FieldType.Integer), value.ToString(CultureInfo.InvariantCulture)).Bytes) == value);

    [Fact]
    public void Agrees_with_the_framework_on_every_short_text() =>
        Gen.String[Gen.Char["0123456789+-. e"], 0, 21].Sample(text =>
        {
            bool isLexical = System.Text.RegularExpressions.Regex.IsMatch(text, @"\A[+-]?[0-9]+\z");
            bool fits = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value);
            string expected = !isLexical ? "TypeMismatch" : !fits ? "OutOfRange" : value.ToString("X16", CultureInfo.InvariantCulture);
            Assert.Equal(expected, Encoded.Text(Encoded.Field(FieldType.Integer), text).Hex);
        });
}
