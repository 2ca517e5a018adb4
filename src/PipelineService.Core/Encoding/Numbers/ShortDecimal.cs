using System.Numerics;
using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// The usual number: an optional sign, a few digits, perhaps a point among them, and no exponent. All others are for
/// <see cref="DecimalText"/>, which reads these too, but does not add them up.
/// </summary>
/// <param name="IsNegative">Whether a minus stands before it.</param>
/// <param name="Digits">Its digits as a whole number.</param>
/// <param name="Scale">How many of them are behind the point.</param>
internal readonly record struct ShortDecimal(bool IsNegative, ulong Digits, int Scale)
{
    /// <summary>The most digits that are taken: so many are exact in a double, and times 1,000 still in a word.</summary>
    public const int DigitsMax = 15;

    /// <summary>The first whole number that has more.</summary>
    public const ulong DigitsEnd = 1_000_000_000_000_000;

    /// <summary>Reads a number.</summary>
    /// <returns>False for all others, which may be numbers or not.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryParse(ReadOnlySpan<byte> text, out ShortDecimal number)
    {
        bool isNegative = text is [(byte)'-', ..];
        ReadOnlySpan<byte> digits = text[(isNegative || text is [(byte)'+', ..] ? 1 : 0)..];
        return digits.Length <= TextWord.BytesMax
            ? TryParseWord(isNegative, digits, out number)
            : TryParsePlain(isNegative, digits, out number);
    }

    /// <summary>The plain twin, for any length: digit by digit.</summary>
    /// <param name="isNegative">Whether there was a minus.</param>
    /// <param name="text">What stands behind the sign.</param>
    /// <param name="number">The number.</param>
    public static bool TryParsePlain(bool isNegative, ReadOnlySpan<byte> text, out ShortDecimal number)
    {
        ulong digits = 0;
        int point = text.Length;
        for (int i = 0; i < text.Length && i <= DigitsMax; i++)
        {
            uint digit = (uint)text[i] - '0';
            if (digit <= 9)
            {
                digits = (digits * 10) + digit;
            }
            else if (text[i] == '.' && point == text.Length)
            {
                point = i;
            }
            else
            {
                number = default;
                return false;
            }
        }

        bool hasPoint = point < text.Length;
        int count = text.Length - (hasPoint ? 1 : 0);
        number = new ShortDecimal(isNegative, digits, hasPoint ? count - point : 0);
        return count is > 0 and <= DigitsMax;
    }

    /// <summary>All bytes at once: the point is found and taken out, and what is left must be digits.</summary>
    /// <inheritdoc cref="TryParsePlain"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryParseWord(bool isNegative, ReadOnlySpan<byte> text, out ShortDecimal number)
    {
        ulong word = TextWord.Of(text);
        int length = text.Length;
        int scale = 0;

        // The lowest top bit that is left stands in the first byte that is a point.
        ulong others = word ^ (TextWord.LowBits * '.');
        ulong points = (others - TextWord.LowBits) & ~others & TextWord.TopBits;
        if (points != 0)
        {
            int point = BitOperations.TrailingZeroCount(points) / 8;
            ulong before = (1UL << (point * 8)) - 1;
            word = (word & before) | ((word >> 8) & ~before);
            length--;
            scale = length - point;
        }

        uint digits = 0;
        bool isNumber = length > 0 && TextWord.TryReadDigits(word, length, out digits);
        number = new ShortDecimal(isNegative, digits, scale);
        return isNumber;
    }
}
