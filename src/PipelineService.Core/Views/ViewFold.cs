using System.Buffers.Binary;
using System.Collections.Immutable;
using PipelineService.Core.Encoding;
using PipelineService.Core.Encoding.Numbers;

namespace PipelineService.Core.Views;

/// <summary>
/// What rows of a job add to a view: taken in row by row in the form in which they are sent, and written as parts, each the sum of some
/// rows of a group. PostgreSQL puts parts together that are of one group: so it is right to make more of them than are needed, for values
/// that are equal and written otherwise, and for numbers that are too long to be added here. Used by one thread at a time.
/// </summary>
public sealed class ViewFold(ViewPlan plan)
{
    /// <summary>Groups that are held; with more they have to be written. At some 150 bytes each.</summary>
    public const int GroupsMax = 65_536;

    private const int KeyBytesMax = 8 << 20;
    private const int OddBytesMax = 1 << 20;
    private const int Null = -1;

    private readonly GroupTable _groups = new(plan.Slots, 2 * plan.Parts.Length);
    private readonly RowBuffer _odd = new(initialBytes: 64);
    private readonly int[] _starts = new int[plan.Looked];
    private readonly int[] _lengths = new int[plan.Looked];
    private byte[] _key = new byte[256];
    private int _keyLength;
    private int _last = -1; // the group of the row before: times come in order

    public ViewPlan Plan => plan;

    /// <summary>Whether it has to be written.</summary>
    public bool IsFull => _groups.Count >= GroupsMax || _groups.KeyBytes >= KeyBytesMax || _odd.Length >= OddBytesMax;

    public bool IsEmpty => _groups.Count == 0;

    /// <summary>Takes rows in.</summary>
    /// <param name="job">Whose they are; <see cref="Guid.Empty"/>: nobody can tell, so that they are never taken out.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="without">0-based indexes of those that the table has refused, ascending.</param>
    public void Add(Guid job, RowBuffer rows, int first, int count, ReadOnlySpan<int> without)
    {
        ReadOnlySpan<byte> bytes = rows.RowBytes(first, count).Span;
        ReadOnlySpan<RowMark> marks = rows.Marks.Slice(first, count);
        for (int i = 0; i < marks.Length; i++)
        {
            if (!without.IsEmpty && without[0] == first + i)
            {
                without = without[1..];
                continue;
            }

            Look(bytes, marks[i].Offset - marks[0].Offset + sizeof(short));
            WriteKey(bytes);
            ReadOnlySpan<byte> key = _key.AsSpan(0, _keyLength);
            if (_last < 0 || !_groups.Key(_last).SequenceEqual(key))
            {
                _last = _groups.Find(key);
            }

            Count(job, bytes);
        }
    }

    /// <summary>Writes what was taken in as rows of a COPY, and begins anew.</summary>
    public void Flush(Guid job, RowBuffer into)
    {
        for (int row = 0; row < _odd.Count; row++)
        {
            into.Append(_odd.RowBytes(row, 1).Span, record: 0);
        }

        for (int group = 0; group < _groups.Count; group++)
        {
            Begin(job, _groups.Key(group), _groups.Slots(group)[0], into);
            foreach (PlannedPart part in plan.Parts)
            {
                WritePart(part, _groups.Slots(group).Slice(part.Slot, ViewPlan.SlotsOfPart), _groups.Extremes(group)[part.Extreme..], into);
            }

            into.EndRow(record: 0, line: 0, rawStart: 0, rawLength: 0);
        }

        _groups.Clear();
        _odd.Clear();
        _last = -1;
    }

    /// <summary>Where the columns of a row are that are looked at.</summary>
    private void Look(ReadOnlySpan<byte> bytes, int place)
    {
        foreach (int at in plan.Places.AsSpan())
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes[place..]);
            place += sizeof(int);
            if (at >= 0)
            {
                (_starts[at], _lengths[at]) = (place, length);
            }

            place += Math.Max(length, 0);
        }
    }

    private ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> bytes, int column, out bool isNull)
    {
        isNull = column < 0 || _lengths[column] < 0;
        return isNull ? default : bytes.Slice(_starts[column], _lengths[column]);
    }

    private void WriteKey(ReadOnlySpan<byte> bytes)
    {
        _keyLength = 0;
        foreach (PlannedKey key in plan.Keys.AsSpan())
        {
            ReadOnlySpan<byte> value = ValueOf(bytes, key.Column, out bool isNull);
            if (_key.Length - _keyLength < sizeof(int) + value.Length)
            {
                Array.Resize(ref _key, Math.Max(2 * _key.Length, _keyLength + sizeof(int) + value.Length));
            }

            Span<byte> room = _key.AsSpan(_keyLength);
            BinaryPrimitives.WriteInt32BigEndian(room, isNull ? Null : value.Length);
            value.CopyTo(room[sizeof(int)..]);
            if (key.Step > 0 && !isNull)
            {
                ToStep(room.Slice(sizeof(int), value.Length), key.Step);
            }

            _keyLength += sizeof(int) + value.Length;
        }
    }

    /// <summary>The begin of the step that a time, or a date, is in. What is not finite stays.</summary>
    private static void ToStep(Span<byte> value, long step)
    {
        const long DayMicroseconds = TimeSpan.TicksPerDay / TimeSpan.TicksPerMicrosecond;
        if (value.Length == sizeof(int))
        {
            int day = BinaryPrimitives.ReadInt32BigEndian(value);
            if (day is not (int.MinValue or int.MaxValue))
            {
                BinaryPrimitives.WriteInt32BigEndian(value, (int)(day - ((day + ViewPlan.EpochDays) % step)));
            }
        }
        else
        {
            long time = BinaryPrimitives.ReadInt64BigEndian(value);
            if (time is not (long.MinValue or long.MaxValue))
            {
                ulong since = (ulong)(time + (Int128)(ViewPlan.EpochDays * DayMicroseconds));
                BinaryPrimitives.WriteInt64BigEndian(value, time - (long)(since % (ulong)step));
            }
        }
    }

    private void Count(Guid job, ReadOnlySpan<byte> bytes)
    {
        Span<long> slots = _groups.Slots(_last);
        slots[0]++;
        ImmutableArray<PlannedPart> parts = plan.Parts;
        for (int i = 0; i < parts.Length; i++)
        {
            ReadOnlySpan<byte> value = ValueOf(bytes, parts[i].Column, out bool isNull);
            if (isNull)
            {
                continue;
            }

            Span<long> own = slots.Slice(parts[i].Slot, ViewPlan.SlotsOfPart);
            switch (parts[i].Kind)
            {
                case PlainKind.Whole:
                    Add(parts[i], own, WholeOf(value));
                    break;
                case PlainKind.Float:
                    AddExtremes(own, OrderOf(value));
                    break;
                case PlainKind.Numeric when !TryAdd(parts[i], own, value):
                    WriteOdd(job, i, value);
                    break;
            }

            own[0]++;
        }
    }

    private static void Add(PlannedPart part, Span<long> own, long value)
    {
        if (part.Part.Sums)
        {
            AddTo(own[ViewPlan.Sum..], value);
        }

        AddExtremes(own, value);
    }

    private static void AddExtremes(Span<long> own, long value)
    {
        if (own[0] == 0 || value < own[ViewPlan.Least])
        {
            own[ViewPlan.Least] = value;
        }

        if (own[0] == 0 || value > own[ViewPlan.Greatest])
        {
            own[ViewPlan.Greatest] = value;
        }
    }

    private bool TryAdd(PlannedPart part, Span<long> own, ReadOnlySpan<byte> value)
    {
        if (NumericBinary.KindOf(value) != SpecialNumber.None)
        {
            return false;
        }

        if (part.Part.Sums)
        {
            if (!ExactSum.TryRead(value, out Int128 number, out int scale))
            {
                return false;
            }

            AddTo(own[ViewPlan.Sum..], number);
            own[ViewPlan.Scale] = Math.Max(own[ViewPlan.Scale], scale + 1);
        }

        Span<byte[]?> extremes = _groups.Extremes(_last).Slice(part.Extreme, 2);
        if (part.Part.HasLeast && (extremes[0] is null || NumericBinary.Compare(value, extremes[0]) < 0))
        {
            extremes[0] = value.ToArray();
        }

        if (part.Part.HasGreatest && (extremes[1] is null || NumericBinary.Compare(value, extremes[1]) > 0))
        {
            extremes[1] = value.ToArray();
        }

        return true;
    }

    /// <summary>A part of its own for a number that is not added here: of no row, since the group counts that.</summary>
    private void WriteOdd(Guid job, int index, ReadOnlySpan<byte> value)
    {
        Begin(job, _key.AsSpan(0, _keyLength), rows: 0, _odd);
        for (int i = 0; i < plan.Parts.Length; i++)
        {
            (bool counts, bool sums, bool least, bool greatest) = (
                plan.Parts[i].Part.Counts, plan.Parts[i].Part.Sums, plan.Parts[i].Part.HasLeast, plan.Parts[i].Part.HasGreatest);
            if (counts)
            {
                _odd.WriteInt64Field(0);
            }

            for (int field = (sums ? 1 : 0) + (least ? 1 : 0) + (greatest ? 1 : 0); field > 0; field--)
            {
                if (i == index)
                {
                    _odd.WriteBytesField(value);
                }
                else
                {
                    _odd.WriteNull();
                }
            }
        }

        _odd.EndRow(record: 0, line: 0, rawStart: 0, rawLength: 0);
    }

    private void Begin(Guid job, ReadOnlySpan<byte> key, long rows, RowBuffer into)
    {
        into.BeginRow(plan.Fields);
        if (job == Guid.Empty)
        {
            into.WriteNull();
        }
        else
        {
            Span<byte> id = stackalloc byte[16];
            job.TryWriteBytes(id, bigEndian: true, out _);
            into.WriteBytesField(id);
        }

        into.Write(key);
        into.WriteInt64Field(rows);
    }

    private static void WritePart(PlannedPart part, ReadOnlySpan<long> own, ReadOnlySpan<byte[]?> extremes, RowBuffer into)
    {
        if (part.Part.Counts)
        {
            into.WriteInt64Field(own[0]);
        }

        bool hasSum = part.Kind == PlainKind.Numeric ? own[ViewPlan.Scale] > 0 : own[0] > 0;
        if (part.Part.Sums && hasSum)
        {
            Int128 sum = new((ulong)own[ViewPlan.Sum], (ulong)own[ViewPlan.Sum + 1]);
            ExactSum.Write(sum, part.Kind == PlainKind.Whole, (int)Math.Max(0, own[ViewPlan.Scale] - 1), into);
        }
        else if (part.Part.Sums)
        {
            into.WriteNull();
        }

        if (part.Part.HasLeast)
        {
            WriteExtreme(part, own[0] > 0, own[ViewPlan.Least], extremes[0], into);
        }

        if (part.Part.HasGreatest)
        {
            WriteExtreme(part, own[0] > 0, own[ViewPlan.Greatest], extremes[1], into);
        }
    }

    private static void WriteExtreme(PlannedPart part, bool hasAny, long value, byte[]? digits, RowBuffer into)
    {
        if (part.Kind == PlainKind.Numeric ? digits is null : !hasAny)
        {
            into.WriteNull();
            return;
        }

        if (part.Kind == PlainKind.Numeric)
        {
            into.WriteBytesField(digits);
            return;
        }

        Span<byte> bytes = stackalloc byte[sizeof(long)];
        if (part.Kind == PlainKind.Float && part.Width == sizeof(float))
        {
            BinaryPrimitives.WriteSingleBigEndian(bytes, (float)FloatOf(value));
        }
        else
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes, part.Kind == PlainKind.Float ? BitConverter.DoubleToInt64Bits(FloatOf(value)) : value);
        }

        into.WriteBytesField(
            part.Kind == PlainKind.Float ? bytes[..part.Width] : bytes[^part.Width..]);
    }

    private static void AddTo(Span<long> sum, Int128 number)
    {
        Int128 total = new Int128((ulong)sum[0], (ulong)sum[1]) + number;
        (sum[0], sum[1]) = ((long)(total >> 64), (long)(ulong)(total & ulong.MaxValue));
    }

    private static long WholeOf(ReadOnlySpan<byte> value) => value.Length switch
    {
        sizeof(short) => BinaryPrimitives.ReadInt16BigEndian(value),
        sizeof(int) => BinaryPrimitives.ReadInt32BigEndian(value),
        _ => BinaryPrimitives.ReadInt64BigEndian(value),
    };

    /// <summary>A word that orders floating numbers as PostgreSQL does: what is no number is the greatest, and zero has no sign.</summary>
    private static long OrderOf(ReadOnlySpan<byte> value)
    {
        double number = value.Length == sizeof(float)
            ? BinaryPrimitives.ReadSingleBigEndian(value)
            : BinaryPrimitives.ReadDoubleBigEndian(value);
        long bits = BitConverter.DoubleToInt64Bits(number + 0.0);
        return double.IsNaN(number) ? long.MaxValue : bits < 0 ? bits ^ long.MaxValue : bits;
    }

    private static double FloatOf(long order) =>
        order == long.MaxValue ? double.NaN : BitConverter.Int64BitsToDouble(order < 0 ? order ^ long.MaxValue : order);
}
