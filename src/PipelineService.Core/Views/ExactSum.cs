using System.Buffers.Binary;
using PipelineService.Core.Encoding;
using PipelineService.Core.Encoding.Numbers;

namespace PipelineService.Core.Views;

/// <summary>
/// Sums of numbers in PostgreSQL's binary form, in one wide word with three groups of digits behind the point. Every number that has no
/// more than those, and four before it, adds without rounding, ten thousand million times over; others are told apart.
/// </summary>
internal static class ExactSum
{
    private const int GroupBase = 10_000;
    private const int FractionGroups = 3;
    private const int WholeGroups = 4;
    private const int GroupsAtOnce = 4; // so many are read into one word

    /// <summary>Base-10000 digits of the greatest sum.</summary>
    private const int SumGroupsMax = 10;

    private static readonly ulong[] Powers = [1, 10_000, 100_000_000, 1_000_000_000_000];

    /// <returns>False for a number that does not fit, and for what is none.</returns>
    public static bool TryRead(ReadOnlySpan<byte> value, out Int128 number, out int scale)
    {
        number = 0;
        ulong words = BinaryPrimitives.ReadUInt64BigEndian(value);
        int count = (int)(words >> 48), weight = (short)(words >> 32);
        scale = (ushort)words;
        int behind = weight - count + 1 + FractionGroups; // groups of zeros behind the last digit
        if (NumericBinary.KindOf(value) != SpecialNumber.None || (count > 0 && (weight >= WholeGroups || behind < 0)))
        {
            return false;
        }

        ReadOnlySpan<byte> groups = value[NumericBinary.HeaderBytes..];
        while (groups.Length > 0)
        {
            int some = Math.Min(GroupsAtOnce, groups.Length / sizeof(ushort));
            ulong word = 0;
            for (int i = 0; i < some; i++)
            {
                word = (word * GroupBase) + BinaryPrimitives.ReadUInt16BigEndian(groups[(i * sizeof(ushort))..]);
            }

            number = (number * (some == GroupsAtOnce ? 10_000_000_000_000_000 : (Int128)Powers[some])) + word;
            groups = groups[(some * sizeof(ushort))..];
        }

        for (; behind > 0 && count > 0; behind -= Math.Min(behind, GroupsAtOnce - 1))
        {
            number *= Powers[Math.Min(behind, GroupsAtOnce - 1)];
        }

        number = NumericBinary.IsNegative(value) ? -number : number;
        return true;
    }

    /// <summary>Writes a sum as a numeric field.</summary>
    /// <param name="isWhole">Whether it is one of whole numbers, which have no groups behind the point.</param>
    /// <param name="scale">Digits that are shown behind the point.</param>
    public static void Write(Int128 sum, bool isWhole, int scale, RowBuffer rows)
    {
        Span<ushort> groups = stackalloc ushort[SumGroupsMax];
        var rest = (UInt128)(sum < 0 ? -sum : sum);
        int first = SumGroupsMax;
        for (; rest > 0; rest /= GroupBase)
        {
            groups[--first] = (ushort)(rest % GroupBase);
        }

        int end = SumGroupsMax;
        while (end > first && groups[end - 1] == 0)
        {
            end--;
        }

        int count = end - first;
        int weight = count == 0 ? 0 : SumGroupsMax - 1 - first - (isWhole ? 0 : FractionGroups);
        int field = rows.BeginField();
        rows.WriteInt16((short)count);
        rows.WriteInt16((short)weight);
        rows.WriteInt16(sum < 0 ? (short)0x4000 : (short)0);
        rows.WriteInt16((short)scale);
        foreach (ushort group in groups[first..end])
        {
            rows.WriteInt16((short)group);
        }

        rows.EndField(field);
    }
}
