using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using CsCheck;
using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Numbers;

/// <remarks>The expected bytes are what PostgreSQL 15 sends for the value that COPY stored from the same text.</remarks>
public sealed class NumericTests
{
    private static readonly SqlType TenTwo = new(SqlTypeName.Numeric, Precision: 10, Scale: 2);
    private static readonly SqlType FourFour = new(SqlTypeName.Numeric, Precision: 4, Scale: 4);

    /// <summary>Many zeros: groups of four of them are what an encoding may leave out.</summary>
    private static readonly Gen<char> Digit = Gen.Char["00000123456789"];

    [Theory]
    [InlineData("0", "0000000000000000")]
    [InlineData("-0", "0000000000000000")]
    [InlineData("0.00", "0000000000000002")]
    [InlineData("1", "00010000000000000001")]
    [InlineData("-1", "00010000400000000001")]
    [InlineData("+7", "00010000000000000007")]
    [InlineData("007.10", "0002000000000002000703E8")]
    [InlineData("1.50", "000200000000000200011388")]
    [InlineData("1e3", "000100000000000003E8")]
    [InlineData("1.5E-3", "0001FFFF00000004000F")]
    [InlineData("1.50e1", "0001000000000001000F")]
    [InlineData(".5", "0001FFFF000000011388")]
    [InlineData("5.", "00010000000000000005")]
    [InlineData("10000", "00010001000000000001")]
    [InlineData("100000000", "00010002000000000001")]
    [InlineData("0.0001", "0001FFFF000000040001")]
    [InlineData("0.00001", "0001FFFE0000000503E8")]
    [InlineData("9999.9999", "0002000000000004270F270F")]
    [InlineData("12345678.12345678", "000400010000000804D2162E04D2162E")]
    [InlineData("0.000100020003", "0003FFFF0000000C000100020003")]
    [InlineData("123456789012345678.1234567890123456", "0009000400000010000C0D801ED204D2162E04D2162E23340D80")]
    [InlineData("1234567890123456789012.5", "0007000500000001000C0D801ED204D2162E23341388")]
    [InlineData("-0.00000000000000000001", "0001FFFB400000140001")]
    [InlineData("1e131071", "00017FFF0000000003E8")]
    [InlineData("1e-16383", "0001F00000003FFF000A")]
    [InlineData("0e5", "0000000000000000")]
    [InlineData("0e1073741822", "0000000000000000")]
    [InlineData("0e-5", "0000000000000005")]
    [InlineData("NaN", "00000000C0000000")]
    [InlineData("INF", "00000000D0000000")]
    [InlineData("-INF", "00000000F0000000")]
    [InlineData("1e131072", "OutOfRange")]
    [InlineData("1e-16384", "OutOfRange")]
    [InlineData("0e-20000", "OutOfRange")]
    [InlineData("0e1073741823", "OutOfRange")]
    [InlineData("0e-1073741823", "OutOfRange")]
    [InlineData("0E599990009999", "OutOfRange")]
    [InlineData("1e99999999999999999999", "OutOfRange")]
    [InlineData("1e-99999999999999999999", "OutOfRange")]
    public void Stores_what_copy_stores(string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Number), text).Hex);

    [Theory]
    [InlineData("1.5", "000200000000000200011388")]
    [InlineData("1.500", "000200000000000200011388")]
    [InlineData("1", "00010000000000020001")]
    [InlineData("1e2", "00010000000000020064")]
    [InlineData("0", "0000000000000002")]
    [InlineData("0.01", "0001FFFF000000020064")]
    [InlineData("-99999999.99", "0003000140000002270F270F26AC")]
    [InlineData("NaN", "00000000C0000000")]
    [InlineData("100000000", "OutOfRange")]
    [InlineData("1e8", "OutOfRange")]
    [InlineData("1.005", "OutOfRange")]
    [InlineData("1e-3", "OutOfRange")]
    [InlineData("INF", "OutOfRange")]
    public void Refuses_what_a_precision_would_round(string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Number, TenTwo), text).Hex);

    [Theory]
    [InlineData("0.1", "0001FFFF0000000403E8")]
    [InlineData("0.1234", "0001FFFF0000000404D2")]
    [InlineData("000000000000000000000.1234", "0001FFFF0000000404D2")]
    [InlineData("1", "OutOfRange")]
    [InlineData("0.12345", "OutOfRange")]
    public void Keeps_a_precision_without_whole_digits(string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Number, FourFour), text).Hex);

    [Fact]
    public void Refuses_what_is_no_number() => Assert.All(
        ["", ".", "-", "+.", "e3", "1e", "1e+", "1.2.3", " 1", "1 ", "1,5", "nan", "Infinity", "+INF", "0x1", "--1", "1_000"],
        text => Assert.Equal("TypeMismatch", Encoded.Text(Encoded.Field(FieldType.Number), text).Hex));

    [Fact]
    public void Refuses_json_that_is_no_number() => Assert.All(
        ["true", "[]", "{}"], json => Assert.Equal("TypeMismatch", Encoded.Json(Encoded.Field(FieldType.Number), json).Hex));

    [Fact]
    public void Takes_numbers_of_any_length_up_to_the_limits_of_the_type()
    {
        string digits = new('9', 131_072);
        string fraction = new('7', 16_383);
        (BigInteger unscaled, int scale) = Decode(Encoded.Text(Encoded.Field(FieldType.Number), $"{digits}.{fraction}").Bytes);
        Assert.Equal(BigInteger.Pow(10, 131_072) - 1, unscaled / BigInteger.Pow(10, scale));
        Assert.Equal(16_383, scale);
        Assert.Equal("OutOfRange", Encoded.Text(Encoded.Field(FieldType.Number), $"1{digits}").Hex);
        Assert.Equal("OutOfRange", Encoded.Text(Encoded.Field(FieldType.Number), $"0.{fraction}0").Hex);
    }

    [Fact]
    public void Reads_back_every_value_and_scale() =>
        Gen.Select(
            Gen.Bool, Gen.String[Digit, 0, 30], Gen.String[Digit, 0, 25], Gen.OneOf(Gen.Const(0), Gen.Int[-12, 12]))
            .Where((_, integer, fraction, _) => integer.Length + fraction.Length > 0)
            .Sample(
            (isNegative, integer, fraction, exponent) =>
            {
                string suffix = exponent == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"e{exponent}");
                string point = fraction.Length == 0 ? "" : ".";
                int scale = Math.Max(0, fraction.Length - exponent);
                BigInteger unscaled = BigInteger.Parse($"0{integer}{fraction}", CultureInfo.InvariantCulture)
                    * BigInteger.Pow(10, Math.Max(0, exponent - fraction.Length)) * (isNegative ? -1 : 1);

                byte[] bytes = Encoded.Text(
                    Encoded.Field(FieldType.Number), $"{(isNegative ? "-" : "")}{integer}{point}{fraction}{suffix}").Bytes;

                Assert.Equal((unscaled, scale), Decode(bytes));
            },
            iter: 5_000);

    [Fact]
    public void Bounds_compare_by_value_at_any_length() =>
        Gen.Select(Gen.Decimal, Gen.Decimal, Gen.Bool).Sample(
        (value, other, isBound) =>
        {
            decimal bound = isBound ? value : other;
            var constraints = new FieldConstraints
            {
                Minimum = bound.ToString(CultureInfo.InvariantCulture),
                Enum = [value.ToString(CultureInfo.InvariantCulture) + (value.Scale == 0 ? ".0" : "0")],
            };
            string expected = value < bound ? "Minimum" : "None";
            string text = value.ToString(CultureInfo.InvariantCulture);
            Assert.Equal(expected, Encoded.Text(Encoded.Field(FieldType.Number, constraints: constraints), text).Code.ToString());
        },
        iter: 1_000);

    /// <summary>The value as unscaled whole number and display scale, by PostgreSQL's description of the format.</summary>
    private static (BigInteger Unscaled, int Scale) Decode(byte[] bytes)
    {
        int count = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        int weight = BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan(2));
        int sign = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(4));
        int scale = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(6));
        Assert.Equal(8 + (count * 2), bytes.Length);
        Assert.True(sign == 0 || (sign == 0x4000 && count > 0), "Only what is less than zero has a sign.");
        Assert.True(count > 0 || weight == 0, "Zero has no weight.");

        BigInteger digits = 0;
        for (int i = 0; i < count; i++)
        {
            int digit = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(8 + (i * 2)));
            Assert.InRange(digit, i == 0 || i == count - 1 ? 1 : 0, 9_999);
            digits = (digits * 10_000) + digit;
        }

        int exponent = ((weight - count + 1) * 4) + scale;
        BigInteger unscaled = exponent >= 0 ? digits * BigInteger.Pow(10, exponent) : digits / BigInteger.Pow(10, -exponent);
        Assert.True(exponent >= 0 || unscaled * BigInteger.Pow(10, -exponent) == digits, "A digit is beyond the scale.");
        return (sign == 0x4000 ? -unscaled : unscaled, scale);
    }
}
