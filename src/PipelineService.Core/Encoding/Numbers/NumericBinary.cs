using System.Buffers.Binary;
using System.Numerics;

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

    private const int GroupDigits = 4;
    private const int GroupBytes = sizeof(ushort);
    private const int GroupBits = 8 * GroupBytes;
    private const int GroupsPerWord = sizeof(ulong) / GroupBytes;

    private const ushort Positive = 0x0000;
    private const ushort Negative = 0x4000;
    private const ushort NaN = 0xC000;
    private const ushort PositiveInfinity = 0xD000;
    private const ushort NegativeInfinity = 0xF000;

    private static readonly ulong[] PowersOfTen = [1, 10, 100, 1_000];

    /// <summary>Writes a short number as a length-prefixed field: its groups are made side by side in one word.</summary>
    /// <param name="number">The number.</param>
    /// <param name="scale">The display scale.</param>
    /// <param name="rows">Takes the field.</param>
    /// <returns>False when it has more groups than a word, and nothing was written.</returns>
    public static bool TryWriteShort(ShortDecimal number, int scale, RowBuffer rows)
    {
        // Filled up with zeros, so that the point stands between two groups.
        int fractionGroups = (number.Scale + GroupDigits - 1) / GroupDigits;
        ulong digits = number.Digits * PowersOfTen[(fractionGroups * GroupDigits) - number.Scale];
        if (digits >= 10_000_000_000_000_000)
        {
            return false;
        }

        (ulong high, ulong low) = Math.DivRem(digits, 100_000_000);
        ulong groups = (GroupsOf((uint)high) << 32) | GroupsOf((uint)low);
        int leading = BitOperations.LeadingZeroCount(groups) / GroupBits;
        int count = groups == 0 ? 0 : GroupsPerWord - leading - (BitOperations.TrailingZeroCount(groups) / GroupBits);
        int weight = count == 0 ? 0 : GroupsPerWord - 1 - leading - fractionGroups;

        Span<byte> field = rows.GetSpan(sizeof(int) + HeaderBytes + sizeof(ulong));
        WriteHeader(field, count, weight, number.IsNegative && count != 0 ? Negative : Positive, scale);
        BinaryPrimitives.WriteUInt64BigEndian(field[(sizeof(int) + HeaderBytes)..], groups << (leading * GroupBits));
        rows.Advance(sizeof(int) + HeaderBytes + (count * GroupBytes));
        return true;
    }

    /// <summary>Writes a number of any length that is within the limits of the type.</summary>
    public static void Write(in DecimalText number, int scale, RowBuffer rows)
    {
        // >> 2 is division by four rounded down, for negative weights too.
        int firstGroup = (int)(number.FirstWeight >> 2);
        int count = number.IsZero ? 0 : firstGroup - (int)(number.LastWeight >> 2) + 1;

        Span<byte> field = rows.GetSpan(sizeof(int) + HeaderBytes + (count * GroupBytes));
        WriteHeader(field, count, firstGroup, number.IsNegative && !number.IsZero ? Negative : Positive, scale);
        Span<byte> digits = field[(sizeof(int) + HeaderBytes)..];
        for (int i = 0; i < count; i++)
        {
            long weight = (firstGroup - i) * 4L;
            int group = (number.DigitAt(weight + 3) * 1_000) + (number.DigitAt(weight + 2) * 100)
                + (number.DigitAt(weight + 1) * 10) + number.DigitAt(weight);
            BinaryPrimitives.WriteUInt16BigEndian(digits[(i * GroupBytes)..], (ushort)group);
        }

        rows.Advance(sizeof(int) + HeaderBytes + (count * GroupBytes));
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

    /// <summary>Eight digits as two groups.</summary>
    private static ulong GroupsOf(uint digits)
    {
        (uint high, uint low) = Math.DivRem(digits, 10_000);
        return ((ulong)high << GroupBits) | low;
    }

    private static void WriteHeader(Span<byte> field, int count, int weight, ushort sign, int scale)
    {
        BinaryPrimitives.WriteInt32BigEndian(field, HeaderBytes + (count * GroupBytes));
        ulong words = ((ulong)(ushort)count << 48) | ((ulong)(ushort)weight << 32) | ((ulong)sign << 16) | (ushort)scale;
        BinaryPrimitives.WriteUInt64BigEndian(field[sizeof(int)..], words);
    }
}
