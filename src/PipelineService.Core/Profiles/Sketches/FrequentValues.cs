namespace PipelineService.Core.Profiles.Sketches;

/// <summary>A value of which there are many.</summary>
/// <param name="Value">Its first bytes; all of them unless it is cut.</param>
/// <param name="Hash">Of all of its bytes.</param>
/// <param name="Count">At least so often, and at most <see cref="FrequentValues.TooLowBy"/> more.</param>
internal readonly record struct FrequentValue(ReadOnlyMemory<byte> Value, ulong Hash, bool IsCut, long Count);

/// <summary>
/// The most frequent values, in bounded memory. As long as there are no more different values than it has room for, its counts are
/// exact; beyond, what is rare falls out: none that makes up more than two of as many parts as it has entries.
/// </summary>
/// <remarks>
/// Misra and Gries, "Finding repeated elements" (1982), in the form of Anderson and others, "A high-performance algorithm for
/// identifying frequent items in data streams" (2017), which makes room for many at once, so that a new value costs the same on
/// average however many there are. It finds what Space-Saving finds with as many counters, and merges.
/// </remarks>
/// <param name="entriesMax">Different values at most; a power of two.</param>
internal sealed class FrequentValues(int entriesMax)
{
    /// <summary>Bytes of a value that are kept.</summary>
    public const int ValueBytesMax = 48;

    private const int EntriesMin = 16;

    private ulong[] _hashes = new ulong[EntriesMin];
    private long[] _counts = new long[EntriesMin];
    private byte[] _lengths = new byte[EntriesMin]; // 255: cut
    private byte[] _values = new byte[EntriesMin * ValueBytesMax];
    private short[] _places = new short[EntriesMin * 2]; // 1-based; 0 is empty

    private const byte Cut = byte.MaxValue;

    public int Count { get; private set; }

    /// <summary>By how much counts may be too low; 0 while nothing fell out.</summary>
    public long TooLowBy { get; private set; }

    /// <summary>Whether every value is there, each with its exact count.</summary>
    public bool IsComplete => TooLowBy == 0;

    /// <summary>In the order of their counts; among equals in that of their bytes.</summary>
    public IReadOnlyList<FrequentValue> Values =>
    [
        .. Enumerable.Range(0, Count).Select(EntryAt)
            .OrderByDescending(entry => entry.Count).ThenBy(entry => Convert.ToHexString(entry.Value.Span), StringComparer.Ordinal),
    ];

    public void Add(ulong hash, ReadOnlySpan<byte> value) => Add(hash, value, isCut: value.Length > ValueBytesMax, times: 1);

    public void Merge(FrequentValues other)
    {
        for (int i = 0; i < other.Count; i++)
        {
            Add(other._hashes[i], other.BytesOf(i).Span, other._lengths[i] == Cut, other._counts[i]);
        }

        TooLowBy += other.TooLowBy;
    }

    private void Add(ulong hash, ReadOnlySpan<byte> value, bool isCut, long times)
    {
        int place = PlaceOf(hash);
        if (_places[place] is > 0 and var entry)
        {
            _counts[entry - 1] += times;
            return;
        }

        if (Count == _hashes.Length)
        {
            if (Count < entriesMax)
            {
                Grow();
            }
            else
            {
                MakeRoom();
            }

            place = PlaceOf(hash);
        }

        int length = Math.Min(value.Length, ValueBytesMax);
        _hashes[Count] = hash;
        _counts[Count] = times;
        _lengths[Count] = isCut ? Cut : (byte)length;
        value[..length].CopyTo(_values.AsSpan(Count * ValueBytesMax));
        _places[place] = (short)++Count;
    }

    private int PlaceOf(ulong hash)
    {
        int mask = _places.Length - 1;
        int place = (int)hash & mask;
        while (_places[place] is > 0 and var entry && _hashes[entry - 1] != hash)
        {
            place = (place + 1) & mask;
        }

        return place;
    }

    private void Grow()
    {
        int entries = Math.Min(_hashes.Length * 2, entriesMax);
        Array.Resize(ref _hashes, entries);
        Array.Resize(ref _counts, entries);
        Array.Resize(ref _lengths, entries);
        Array.Resize(ref _values, entries * ValueBytesMax);
        _places = new short[entries * 2];
        PlaceAll();
    }

    /// <summary>
    /// Takes as much off each count as the least has, or as the median has where that leaves too many, and lets go of those of which
    /// nothing is left.
    /// </summary>
    private void MakeRoom()
    {
        Remove(Least(_counts.AsSpan(0, Count)));
        if (Count > entriesMax * 3 / 4)
        {
            long[] sorted = _counts[..Count];
            Array.Sort(sorted);
            Remove(sorted[Count / 2]);
        }

        PlaceAll();
    }

    private static long Least(ReadOnlySpan<long> counts)
    {
        long least = long.MaxValue;
        foreach (long count in counts)
        {
            least = Math.Min(least, count);
        }

        return least;
    }

    private void Remove(long times)
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_counts[i] <= times)
            {
                continue;
            }

            _hashes[kept] = _hashes[i];
            _counts[kept] = _counts[i] - times;
            _lengths[kept] = _lengths[i];
            _values.AsSpan(i * ValueBytesMax, ValueBytesMax).CopyTo(_values.AsSpan(kept * ValueBytesMax));
            kept++;
        }

        Count = kept;
        TooLowBy += times;
    }

    private void PlaceAll()
    {
        Array.Clear(_places);
        for (int i = 0; i < Count; i++)
        {
            _places[PlaceOf(_hashes[i])] = (short)(i + 1);
        }
    }

    private FrequentValue EntryAt(int index) =>
        new(BytesOf(index), _hashes[index], _lengths[index] == Cut, _counts[index]);

    private ReadOnlyMemory<byte> BytesOf(int index) =>
        _values.AsMemory(index * ValueBytesMax, _lengths[index] == Cut ? ValueBytesMax : _lengths[index]);

    public void Write(BinaryWriter writer)
    {
        writer.Write(TooLowBy);
        writer.Write(Count);
        for (int i = 0; i < Count; i++)
        {
            writer.Write(_hashes[i]);
            writer.Write(_counts[i]);
            writer.Write(_lengths[i]);
            writer.Write(BytesOf(i).Span);
        }
    }

    public void Read(BinaryReader reader)
    {
        long tooLowBy = reader.ReadInt64();
        int count = reader.ReadInt32();
        byte[] value = new byte[ValueBytesMax];
        for (int i = 0; i < count; i++)
        {
            ulong hash = reader.ReadUInt64();
            long times = reader.ReadInt64();
            byte length = reader.ReadByte();
            Memory<byte> bytes = value.AsMemory(0, length == Cut ? ValueBytesMax : length);
            reader.BaseStream.ReadExactly(bytes.Span);
            Add(hash, bytes.Span, length == Cut, times);
        }

        TooLowBy += tooLowBy;
    }
}
