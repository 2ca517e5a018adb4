using System.Buffers.Binary;
using System.Globalization;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Numbers;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Numbers;

public sealed class ShortDecimalTests
{
    private static readonly Gen<string> Digits = Gen.String[Gen.Char["00123456789"], 0, 17];

    /// <summary>A sign, digits and a point, and most of the time one thing too many, or another byte than a digit.</summary>
    private static readonly Gen<string> NearNumber = Gen.OneOf(
        Gen.Select(Gen.OneOf<string>("", "", "-", "+"), Digits, Gen.OneOf<string>("", "."), Digits, (sign, a, point, b) => sign + a + point + b),
        Gen.Select(Gen.OneOf<string>("", "-", "+", "--"), Gen.String[Gen.Char["0123456789../:e,-+ "], 0, 12], (sign, text) => sign + text));

    [Fact]
    public void Both_twins_read_the_same() => NearNumber.Sample(
        text =>
        {
            byte[] bytes = System.Text.Encoding.ASCII.GetBytes(text);
            bool isWord = ShortDecimal.TryParse(bytes, out ShortDecimal word);
            bool isNegative = text.StartsWith('-');
            byte[] unsigned = isNegative || text.StartsWith('+') ? bytes[1..] : bytes;
            Assert.Equal(ShortDecimal.TryParsePlain(isNegative, unsigned, out ShortDecimal plain), isWord);
            if (isWord)
            {
                Assert.Equal(plain, word);
            }
        },
        iter: 50_000);

    [Fact]
    public void Takes_what_is_a_number_of_few_digits_and_its_value() => NearNumber.Sample(
        text =>
        {
            byte[] bytes = System.Text.Encoding.ASCII.GetBytes(text);
            bool isNumber = DecimalText.TryParse(bytes, out DecimalText number)
                && text.Count(char.IsAsciiDigit) <= ShortDecimal.DigitsMax && !text.Contains('e', StringComparison.Ordinal);
            Assert.Equal(isNumber, ShortDecimal.TryParse(bytes, out ShortDecimal taken));
            if (isNumber)
            {
                ulong digits = ulong.Parse(string.Concat(text.Where(char.IsAsciiDigit)), CultureInfo.InvariantCulture);
                Assert.Equal(new ShortDecimal(number.IsNegative, digits, (int)number.Scale), taken);
            }
        },
        iter: 50_000);

    /// <summary>Bit for bit: the quotient is rounded as the framework rounds the text.</summary>
    [Fact]
    public void A_double_is_the_nearest_one() => Gen.Select(Gen.Bool, Gen.ULong[0, 999_999_999_999_999], Gen.Int[0, 15]).Sample(
        (isNegative, digits, scale) =>
        {
            string whole = digits.ToString(CultureInfo.InvariantCulture).PadLeft(scale, '0');
            string text = $"{(isNegative ? "-" : "")}{whole[..^scale]}.{whole[^scale..]}";
            double expected = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
            byte[] bytes = Encoded.Text(Encoded.Field(FieldType.Number, SqlTypeName.DoublePrecision), text).Bytes;
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BinaryPrimitives.ReadInt64BigEndian(bytes));
        },
        iter: 20_000);

    /// <summary>With few digits and with many: a precision bounds the digits before the point whatever follows.</summary>
    [Fact]
    public void A_precision_takes_what_it_has_room_for() => Gen.Select(Gen.Int[1, 20], Gen.Int[0, 20], Gen.Int[0, 12], Gen.Int[0, 8])
        .Where((precision, scale, whole, fraction) => scale <= precision && whole + fraction > 0)
        .Sample(
            (precision, scale, whole, fraction) =>
            {
                string text = $"{new string('9', whole)}.{new string('9', fraction)}";
                string expected = whole > precision - scale || fraction > scale ? "OutOfRange" : "None";
                SqlType column = new(SqlTypeName.Numeric, Precision: precision, Scale: scale);
                Assert.Equal(expected, Encoded.Text(Encoded.Field(FieldType.Number, column), text).Code.ToString());
                Assert.Equal(expected, Encoded.Text(Encoded.Field(FieldType.Number, column), $"0{text}e0").Code.ToString());
            },
            iter: 5_000);
}
