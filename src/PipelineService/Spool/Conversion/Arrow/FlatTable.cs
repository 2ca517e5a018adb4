using System.Buffers.Binary;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>
/// A table of FlatBuffers, read where it lies. Every place is looked at before it is read: nothing of foreign metadata leads out of it.
/// Source: https://flatbuffers.dev/internals/.
/// </summary>
internal readonly ref struct FlatTable
{
    private const int OffsetBytes = 4;
    private const int SlotBytes = 2;
    private const int SlotsAt = 4;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _table;
    private readonly int _slots;
    private readonly int _slotsEnd;

    private FlatTable(ReadOnlySpan<byte> bytes, int table)
    {
        _bytes = bytes;
        _table = table;
        long slots = table - (long)Read(bytes, table);
        _slots = slots >= 0 && slots <= bytes.Length - SlotsAt ? (int)slots : throw ArrowFaults.Damaged("its metadata leads out of itself");
        _slotsEnd = _slots + BinaryPrimitives.ReadUInt16LittleEndian(bytes[_slots..]);
        if (_slotsEnd > bytes.Length)
        {
            throw ArrowFaults.Damaged("its metadata leads out of itself");
        }
    }

    /// <summary>The table that a buffer has.</summary>
    public static FlatTable RootOf(ReadOnlySpan<byte> bytes) => new(bytes, Follow(bytes, 0));

    public byte Byte(int slot, byte otherwise = 0) => Find(slot, 1) is >= 0 and int at ? _bytes[at] : otherwise;

    public bool Bool(int slot) => Byte(slot) != 0;

    public short Short(int slot, short otherwise = 0) =>
        Find(slot, 2) is >= 0 and int at ? BinaryPrimitives.ReadInt16LittleEndian(_bytes[at..]) : otherwise;

    public int Int(int slot, int otherwise = 0) =>
        Find(slot, 4) is >= 0 and int at ? BinaryPrimitives.ReadInt32LittleEndian(_bytes[at..]) : otherwise;

    public long Long(int slot, long otherwise = 0) =>
        Find(slot, 8) is >= 0 and int at ? BinaryPrimitives.ReadInt64LittleEndian(_bytes[at..]) : otherwise;

    public bool Has(int slot) => Find(slot, OffsetBytes) >= 0;

    /// <exception cref="UnconvertibleException">There is none.</exception>
    public FlatTable Table(int slot) =>
        Find(slot, OffsetBytes) is >= 0 and int at
            ? new FlatTable(_bytes, Follow(_bytes, at))
            : throw ArrowFaults.Damaged("its metadata lacks a part");

    public string Text(int slot) => System.Text.Encoding.UTF8.GetString(Vector(slot, 1, out _));

    /// <summary>The bytes of a vector; none where there is no vector.</summary>
    /// <param name="itemBytes">Of one item.</param>
    public ReadOnlySpan<byte> Vector(int slot, int itemBytes, out int count)
    {
        int at = FindVector(slot, itemBytes, out count);
        return _bytes.Slice(at, count * itemBytes);
    }

    /// <summary>How many tables a vector has.</summary>
    public int CountOf(int slot)
    {
        FindVector(slot, OffsetBytes, out int count);
        return count;
    }

    /// <summary>One of the tables of a vector.</summary>
    /// <param name="index">Less than their number.</param>
    public FlatTable TableOf(int slot, int index) =>
        new(_bytes, Follow(_bytes, FindVector(slot, OffsetBytes, out _) + (index * OffsetBytes)));

    private int FindVector(int slot, int itemBytes, out int count)
    {
        count = 0;
        if (Find(slot, OffsetBytes) is not (>= 0 and int at))
        {
            return 0;
        }

        int vector = Follow(_bytes, at);
        count = Read(_bytes, vector);
        return count >= 0 && count * (long)itemBytes <= _bytes.Length - vector - OffsetBytes
            ? vector + OffsetBytes
            : throw ArrowFaults.Damaged("its metadata leads out of itself");
    }

    /// <summary>Where the value of a slot is; −1 when the table has none.</summary>
    private int Find(int slot, int bytes)
    {
        int at = _slots + SlotsAt + (slot * SlotBytes);
        int offset = at + SlotBytes <= _slotsEnd ? BinaryPrimitives.ReadUInt16LittleEndian(_bytes[at..]) : 0;
        return offset == 0 ? -1
            : _table + offset <= _bytes.Length - bytes ? _table + offset
            : throw ArrowFaults.Damaged("its metadata leads out of itself");
    }

    private static int Follow(ReadOnlySpan<byte> bytes, int at)
    {
        long target = at + (long)(uint)Read(bytes, at);
        return target <= bytes.Length - OffsetBytes ? (int)target : throw ArrowFaults.Damaged("its metadata leads out of itself");
    }

    private static int Read(ReadOnlySpan<byte> bytes, int at) => at >= 0 && at <= bytes.Length - OffsetBytes
        ? BinaryPrimitives.ReadInt32LittleEndian(bytes[at..])
        : throw ArrowFaults.Damaged("its metadata leads out of itself");
}
