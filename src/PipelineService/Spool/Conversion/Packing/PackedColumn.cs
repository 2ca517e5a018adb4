using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion.Packing;

/// <summary>
/// One column of rows that are packed some hundred at a time: first it tells how long each of its values will be, then it writes them to
/// where they belong. What is called for each column of a few hundred rows costs nothing; called for each value it is most of the work.
/// </summary>
/// <remarks>
/// A converter lives for less than a second: its loops are compiled once, as well as can be, where others are compiled to be counted first.
/// </remarks>
internal abstract class PackedColumn
{
    /// <summary>Bytes of values that are kept from when they are measured until they are written, in rows that are packed together.</summary>
    private const int StagedBytesMax = 64 << 10;

    private readonly byte[] _there = new byte[PackedRows.TogetherMax];
    private PackedValues? _staged;
    private int[] _ends = [];
    private bool _hasNulls;
    private bool _isStaged;

    /// <summary>What packs values that lie side by side; null where they have no such form.</summary>
    protected virtual ColumnPacker? Packer => null;

    /// <summary>Adds the length of each value to that of its row.</summary>
    /// <param name="first">The first of the rows.</param>
    /// <param name="lengths">Of the rows.</param>
    /// <returns>
    /// Of how many, one at least: values that are made for it are kept until they are written, and no more of them than fit.
    /// </returns>
    public int Measure(long first, Span<int> lengths)
    {
        _isStaged = !TryMeasure(first, lengths);
        return _isStaged ? Stage(first, lengths) : lengths.Length;
    }

    /// <summary>Writes the values of the first of the rows that were measured, and moves the places behind them.</summary>
    /// <param name="rows">Takes them.</param>
    /// <param name="places">In it, one for each row.</param>
    public void Write(long first, Span<byte> rows, Span<int> places)
    {
        if (!_isStaged)
        {
            WriteMeasured(first, rows, places);
            return;
        }

        int start = 0;
        for (int i = 0; i < places.Length; i++)
        {
            ReadOnlySpan<byte> value = _staged!.Written[start.._ends[i]];
            value.CopyTo(rows[places[i]..]);
            places[i] += value.Length;
            start = _ends[i];
        }
    }

    /// <summary>Packs one value.</summary>
    public abstract void Pack(long index, PackedValues values);

    /// <summary>One bit for each of so many rows, set where it has a value; nothing where all have.</summary>
    protected abstract ReadOnlySpan<byte> ValidityOf(long rows);

    /// <summary>The values of so many rows, which lie side by side.</summary>
    protected abstract ReadOnlySpan<byte> ItemsOf(long first, int count, int itemBytes);

    /// <summary>As <see cref="Measure"/>, where values need not be made for it.</summary>
    /// <returns>False where they must: nothing was added.</returns>
    protected virtual bool TryMeasure(long first, Span<int> lengths) =>
        Packer is { } packer
        && packer.TryMeasure(ItemsOf(first, lengths.Length, packer.ItemBytes), FindNulls(first, lengths.Length), lengths);

    /// <summary>As <see cref="Write"/>, where values were not made before.</summary>
    protected virtual void WriteMeasured(long first, Span<byte> rows, Span<int> places) =>
        Packer!.Write(ItemsOf(first, places.Length, Packer.ItemBytes), There(places.Length), rows, places);

    /// <summary>Finds of each of the rows whether it has a value: 1 or 0; nothing where all have.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected ReadOnlySpan<byte> FindNulls(long first, int count)
    {
        ReadOnlySpan<byte> bits = ValidityOf(first + count);
        int set = 0;
        for (int i = 0; i < count && !bits.IsEmpty; i++)
        {
            long bit = first + i;
            int isSet = (bits[(int)(bit >> 3)] >> (int)(bit & 7)) & 1;
            _there[i] = (byte)isSet;
            set += isSet;
        }

        _hasNulls = !bits.IsEmpty && set < count;
        return There(count);
    }

    /// <summary>What was found of the first of those rows.</summary>
    protected ReadOnlySpan<byte> There(int count) => _hasNulls ? _there.AsSpan(0, count) : default;

    /// <summary>As <see cref="TryMeasure"/>, of values that are nothing but a tag, whichever.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected bool MeasureTags(long first, Span<int> lengths)
    {
        FindNulls(first, lengths.Length);
        foreach (ref int length in lengths)
        {
            length++;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static void PutTag(PackedTag tag, Span<byte> rows, ref int place) => rows[place++] = (byte)tag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static void PutText(ReadOnlySpan<byte> text, Span<byte> rows, ref int place)
    {
        Span<byte> room = rows.Slice(place, PackedValues.CountedHeadBytes + text.Length);
        room[0] = (byte)PackedTag.Text;
        BinaryPrimitives.WriteInt32LittleEndian(room[1..], text.Length);
        text.CopyTo(room[PackedValues.CountedHeadBytes..]);
        place += room.Length;
    }

    private int Stage(long first, Span<int> lengths)
    {
        _staged ??= new PackedValues();
        _ends = _ends.Length == 0 ? new int[PackedRows.TogetherMax] : _ends;
        _staged.Clear(2 * StagedBytesMax);
        int staged = 0;
        while (staged < lengths.Length && (staged == 0 || _staged.Length < StagedBytesMax))
        {
            int start = _staged.Length;
            Pack(first + staged, _staged);
            _ends[staged] = _staged.Length;
            lengths[staged] = checked(lengths[staged] + _staged.Length - start);
            staged++;
        }

        return staged;
    }
}
