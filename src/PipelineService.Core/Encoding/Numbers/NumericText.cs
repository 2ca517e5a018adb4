using System.Buffers;
using System.Buffers.Binary;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>Numeric from its binary form (<see cref="NumericBinary"/>) to digits, the display scale kept.</summary>
internal static class NumericText
{
    private const int GroupDigits = 4;

    public static void Write(ReadOnlySpan<byte> value, ArrayBufferWriter<byte> text)
    {
        switch (NumericBinary.KindOf(value))
        {
            case SpecialNumber.NaN:
                text.Write("NaN"u8);
                break;
            case SpecialNumber.PositiveInfinity:
                text.Write("Infinity"u8);
                break;
            case SpecialNumber.NegativeInfinity:
                text.Write("-Infinity"u8);
                break;
            default:
                WriteDigits(value, text);
                break;
        }
    }

    private static void WriteDigits(ReadOnlySpan<byte> value, ArrayBufferWriter<byte> text)
    {
        int weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        int scale = BinaryPrimitives.ReadUInt16BigEndian(value[6..]);
        ReadOnlySpan<byte> groups = value[NumericBinary.HeaderBytes..];
        if (NumericBinary.IsNegative(value))
        {
            text.Write("-"u8);
        }

        int wholeGroups = Math.Max(weight + 1, 1);
        int fractionGroups = (scale + GroupDigits - 1) / GroupDigits;
        Span<byte> digits = text.GetSpan(((wholeGroups + fractionGroups) * GroupDigits) + 1);
        int length = 0;
        for (int place = wholeGroups - 1; place >= -fractionGroups; place--)
        {
            if (place == -1)
            {
                digits[length++] = (byte)'.';
            }

            WriteGroup(GroupAt(groups, weight - place), digits[length..]);
            length += GroupDigits;
        }

        // Without zeros before the first digit, one before the point excepted; −1, for nothing but zeros, is large as unsigned.
        int wholeDigits = wholeGroups * GroupDigits;
        uint zeros = (uint)digits[..wholeDigits].IndexOfAnyExcept((byte)'0');
        int leading = (int)Math.Min(zeros, (uint)wholeDigits - 1);
        length = wholeDigits + (scale > 0 ? 1 + scale : 0) - leading;
        digits.Slice(leading, length).CopyTo(digits);
        text.Advance(length);
    }

    /// <summary>A base-10000 digit; those that are not written are zero.</summary>
    private static int GroupAt(ReadOnlySpan<byte> groups, int index) =>
        (uint)index < (uint)groups.Length / sizeof(short)
            ? BinaryPrimitives.ReadUInt16BigEndian(groups[(index * sizeof(short))..])
            : 0;

    private static void WriteGroup(int group, Span<byte> digits)
    {
        for (int i = GroupDigits - 1; i >= 0; i--)
        {
            (group, int digit) = Math.DivRem(group, 10);
            digits[i] = (byte)('0' + digit);
        }
    }
}
