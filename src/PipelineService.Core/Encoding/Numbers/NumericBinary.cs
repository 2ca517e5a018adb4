using System.Buffers.Binary;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// PostgreSQL's binary numeric: digit count, weight, sign and display scale as 16-bit words, then base-10000 digits, the
/// first one times 10000^weight; no zero digit leads or trails. Source: numeric_recv and numeric_send in
/// src/backend/utils/adt/numeric.c.
/// </summary>
internal static class NumericBinary
{
    /// <summary>Words before the digits, in bytes.</summary>
    public const int HeaderBytes = 8;

    /// <summary>Weight of the highest decimal digit that fits: 131,072 digits before the point.</summary>
    public const int FirstWeightMax = 131_071;

    /// <summary>Most digits after the point.</summary>
    public const int ScaleMax = 16_383;

    /// <summary>The most whole digits that <see cref="WriteShort"/> takes.</summary>
    public const int ShortIntegerDigits = 18;

    /// <summary>The most fraction digits that <see cref="WriteShort"/> takes: four base-10000 digits.</summary>
    public const int ShortFractionDigits = 16;

    private const int ShortBytesMax = HeaderBytes + (2 * (5 + 4));

    private const ushort Positive = 0x0000;
    private const ushort Negative = 0x4000;
    private const ushort NaN = 0xC000;
    private const ushort PositiveInfinity = 0xD000;
    private const ushort NegativeInfinity = 0xF000;

    private static readonly ulong[] PowersOfTen = [1, 10, 100, 1_000];

    /// <summary>Writes a number whose parts fit machine words, as a length-prefixed field.</summary>
    /// <param name="isNegative">Its sign; zero has none.</param>
    /// <param name="integer">The digits before the point.</param>
    /// <param name="fraction">The digits after the point, read as a whole number.</param>
    /// <param name="fractionDigits">How many digits that are, 0 to 16.</param>
    /// <param name="scale">The display scale.</param>
    /// <param name="rows">Takes the field.</param>
    public static void WriteShort(
        bool isNegative, ulong integer, ulong fraction, int fractionDigits, int scale, RowBuffer rows)
    {
        Span<byte> field = rows.GetSpan(sizeof(int) + ShortBytesMax);
        Span<byte> digits = field[(sizeof(int) + HeaderBytes)..];

        int count = 0;
        int weight = -1;
        if (integer != 0)
        {
            count = GroupsOf(integer);
            weight = count - 1;
            for (int i = count - 1; i >= 0; i--)
            {
                (integer, ulong group) = Math.DivRem(integer, 10_000);
                BinaryPrimitives.WriteUInt16BigEndian(digits[(i * 2)..], (ushort)group);
            }
        }

        if (fraction != 0)
        {
            int groups = (fractionDigits + 3) >> 2;
            fraction *= PowersOfTen[(groups * 4) - fractionDigits];
            if (count == 0)
            {
                // Zeros right after the point lower the weight instead of being written.
                int written = GroupsOf(fraction);
                weight -= groups - written;
                groups = written;
            }

            for (int i = count + groups - 1; i >= count; i--)
            {
                (fraction, ulong group) = Math.DivRem(fraction, 10_000);
                BinaryPrimitives.WriteUInt16BigEndian(digits[(i * 2)..], (ushort)group);
            }

            count += groups;
        }

        while (count > 0 && (digits[(count * 2) - 1] | digits[(count * 2) - 2]) == 0)
        {
            count--;
        }

        ushort sign = isNegative && count != 0 ? Negative : Positive;
        WriteHeader(field, count, count == 0 ? 0 : weight, sign, scale);
        rows.Advance(sizeof(int) + HeaderBytes + (count * 2));
    }

    /// <summary>Writes a number of any length that is within the limits of the type.</summary>
    public static void Write(in DecimalText number, int scale, RowBuffer rows)
    {
        // >> 2 is division by four rounded down, for negative weights too.
        int firstGroup = (int)(number.FirstWeight >> 2);
        int count = number.IsZero ? 0 : firstGroup - (int)(number.LastWeight >> 2) + 1;

        Span<byte> field = rows.GetSpan(sizeof(int) + HeaderBytes + (count * 2));
        WriteHeader(field, count, firstGroup, number.IsNegative && !number.IsZero ? Negative : Positive, scale);
        Span<byte> digits = field[(sizeof(int) + HeaderBytes)..];
        for (int i = 0; i < count; i++)
        {
            long weight = (firstGroup - i) * 4L;
            int group = (number.DigitAt(weight + 3) * 1_000) + (number.DigitAt(weight + 2) * 100)
                + (number.DigitAt(weight + 1) * 10) + number.DigitAt(weight);
            BinaryPrimitives.WriteUInt16BigEndian(digits[(i * 2)..], (ushort)group);
        }

        rows.Advance(sizeof(int) + HeaderBytes + (count * 2));
    }

    /// <summary>Writes a number without digits; its scale is not looked at.</summary>
    public static void Write(SpecialNumber special, RowBuffer rows)
    {
        ushort sign = special switch
        {
            SpecialNumber.NaN => NaN,
            SpecialNumber.PositiveInfinity => PositiveInfinity,
            _ => NegativeInfinity,
        };
        WriteHeader(rows.GetSpan(sizeof(int) + HeaderBytes), count: 0, weight: 0, sign, scale: 0);
        rows.Advance(sizeof(int) + HeaderBytes);
    }

    public static bool IsNaN(ReadOnlySpan<byte> value) => SignOf(value) == NaN;

    public static bool IsNegative(ReadOnlySpan<byte> value) => SignOf(value) == Negative;

    /// <summary>What a value without digits means; none of a number that is written with digits.</summary>
    public static SpecialNumber KindOf(ReadOnlySpan<byte> value) => SignOf(value) switch
    {
        NaN => SpecialNumber.NaN,
        PositiveInfinity => SpecialNumber.PositiveInfinity,
        NegativeInfinity => SpecialNumber.NegativeInfinity,
        _ => SpecialNumber.None,
    };

    /// <summary>Orders two values (without length prefix) by size; the display scale does not count. Not for NaN.</summary>
    public static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int rank = RankOf(left);
        int difference = rank.CompareTo(RankOf(right));
        if (difference != 0 || Math.Abs(rank) != 1)
        {
            return difference;
        }

        difference = BinaryPrimitives.ReadInt16BigEndian(left[2..])
            .CompareTo(BinaryPrimitives.ReadInt16BigEndian(right[2..]));
        if (difference == 0)
        {
            // Big-endian digits without trailing zeros compare as bytes do.
            difference = left[HeaderBytes..].SequenceCompareTo(right[HeaderBytes..]);
        }

        return difference * rank;
    }

    private static int RankOf(ReadOnlySpan<byte> value) => SignOf(value) switch
    {
        NegativeInfinity => -2,
        PositiveInfinity => 2,
        Negative => -1,
        _ => value.Length == HeaderBytes ? 0 : 1,
    };

    private static ushort SignOf(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadUInt16BigEndian(value[4..]);

    private static int GroupsOf(ulong value) => value switch
    {
        < 10_000 => 1,
        < 100_000_000 => 2,
        < 1_000_000_000_000 => 3,
        < 10_000_000_000_000_000 => 4,
        _ => 5,
    };

    private static void WriteHeader(Span<byte> field, int count, int weight, ushort sign, int scale)
    {
        BinaryPrimitives.WriteInt32BigEndian(field, HeaderBytes + (count * 2));
        BinaryPrimitives.WriteUInt16BigEndian(field[4..], (ushort)count);
        BinaryPrimitives.WriteInt16BigEndian(field[6..], (short)weight);
        BinaryPrimitives.WriteUInt16BigEndian(field[8..], sign);
        BinaryPrimitives.WriteUInt16BigEndian(field[10..], (ushort)scale);
    }
}
