using System.Globalization;
using CsCheck;
using PipelineService.Core.Parsing;
using Xunit;

namespace PipelineService.Core.Tests.Parsing;

public sealed class TextWordTests
{
    [Fact]
    public void A_word_holds_each_byte_of_a_text_at_its_place() => Gen.Byte.Array[0, 8].Sample(text =>
    {
        byte[] padded = new byte[8];
        text.CopyTo(padded, 0);
        Assert.Equal(BitConverter.ToUInt64(padded), TextWord.Of(text));
    });

    /// <summary>Digits, and what lies next to them, also by one bit.</summary>
    [Fact]
    public void Takes_digits_and_nothing_else() =>
        Gen.Frequency((6, Gen.Byte[0x30, 0x39]), (1, Gen.OneOf(Gen.Const((byte)'/'), Gen.Const((byte)':'), Gen.Byte))).Array[1, 8]
        .Sample(
            text =>
            {
                bool areDigits = text.All(b => b is >= (byte)'0' and <= (byte)'9');
                Assert.Equal(areDigits, TextWord.TryReadDigits(TextWord.Of(text), text.Length, out uint value));
                if (areDigits)
                {
                    Assert.Equal(uint.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture), value);
                }
            },
            iter: 20_000);

    [Fact]
    public void A_hash_sees_every_byte() => Gen.Select(Gen.Byte.Array[1, 40], Gen.Int[0, 39], Gen.Byte[1, 255]).Sample(
        (text, place, change) =>
        {
            byte[] other = [.. text];
            other[place % text.Length] ^= change;
            Assert.NotEqual(TextWord.HashOf(text), TextWord.HashOf(other));
            Assert.NotEqual(TextWord.HashOf(text), TextWord.HashOf([.. text, 0]));
        });
}
