using System.Buffers.Binary;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>Numbers as <see cref="decimal"/>, display scale included.</summary>
internal static class NumericDecimal
{
    /// <summary>Digits, zeros behind the point included: a few of 29 digits would fit as well, but not all.</summary>
    public const int DigitsMax = 28;

    private const int GroupDigits = 4;
    private const int GroupBase = 10_000;

    /// <summary>Base-10000 digits that so many decimal digits may be spread over.</summary>
    private const int GroupsMax = (DigitsMax / GroupDigits) + 1;

    private static readonly UInt128 End =
        UInt128.Parse("1" + new string('0', DigitsMax), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A short number, which always fits.</summary>
    public static decimal Of(ShortDecimal number) =>
        new((int)number.Digits, (int)(number.Digits >> 32), 0, number is { IsNegative: true, Digits: > 0 }, (byte)number.Scale);

    /// <summary>A number from its binary form (<see cref="NumericBinary"/>).</summary>
    /// <returns>False when it has too many digits, or none at all.</returns>
    public static bool TryRead(ReadOnlySpan<byte> value, out decimal number)
    {
        number = 0;
        int weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        int scale = BinaryPrimitives.ReadUInt16BigEndian(value[6..]);
        ReadOnlySpan<byte> groups = value[NumericBinary.HeaderBytes..];
        int count = groups.Length / sizeof(ushort);
        if (NumericBinary.KindOf(value) != SpecialNumber.None || scale > DigitsMax || count > GroupsMax || weight >= GroupsMax)
        {
            return false;
        }

        UInt128 digits = 0;
        for (int i = 0; i < count; i++)
        {
            digits = (digits * GroupBase) + BinaryPrimitives.ReadUInt16BigEndian(groups[(i * sizeof(ushort))..]);
        }

        // The last group ends so many digits behind the point; those behind the scale are zeros that fill it up.
        int written = count == 0 ? scale : (count - 1 - weight) * GroupDigits;
        for (; written < scale && digits < End; written++)
        {
            digits *= 10;
        }

        for (; written > scale; written--)
        {
            digits /= 10;
        }

        if (digits >= End)
        {
            return false;
        }

        number = new decimal(
            (int)(uint)digits, (int)(uint)(digits >> 32), (int)(uint)(digits >> 64), NumericBinary.IsNegative(value), (byte)scale);
        return true;
    }
}
