using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Views;

/// <summary>
/// Groups by the bytes of their keys, each with some numbers: an open hash table over plain arrays, so that a group costs its bytes and no
/// object. Memory is kept for the next groups when it is cleared.
/// </summary>
/// <param name="slots">Numbers of a group.</param>
/// <param name="extremes">Numbers with digits of a group.</param>
internal sealed class GroupTable(int slots, int extremes)
{
    private const int CountAtFirst = 64;
    private const int KeyBytesAtFirst = 4 << 10;

    private int[] _buckets = new int[2 * CountAtFirst]; // 1 + the group; 0: none
    private ulong[] _hashes = new ulong[CountAtFirst];
    private int[] _ends = new int[CountAtFirst];
    private byte[] _keys = new byte[KeyBytesAtFirst];
    private long[] _slots = new long[CountAtFirst * slots];
    private byte[]?[] _extremes = new byte[CountAtFirst * extremes][];

    public int Count { get; private set; }

    /// <summary>Bytes of all keys.</summary>
    public int KeyBytes => Count == 0 ? 0 : _ends[Count - 1];

    public ReadOnlySpan<byte> Key(int group) => _keys.AsSpan(StartOf(group).._ends[group]);

    public Span<long> Slots(int group) => _slots.AsSpan(group * slots, slots);

    public Span<byte[]?> Extremes(int group) => _extremes.AsSpan(group * extremes, extremes);

    /// <summary>The group of a key, made if there is none.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        ulong hash = ValueHash.Of(key);
        int mask = _buckets.Length - 1;
        int bucket = (int)hash & mask;
        for (; _buckets[bucket] is > 0 and var found; bucket = (bucket + 1) & mask)
        {
            if (_hashes[found - 1] == hash && Key(found - 1).SequenceEqual(key))
            {
                return found - 1;
            }
        }

        if (Count == _hashes.Length)
        {
            Grow();
            return Find(key);
        }

        int start = KeyBytes;
        if (_keys.Length - start < key.Length)
        {
            Array.Resize(ref _keys, Math.Max(2 * _keys.Length, start + key.Length));
        }

        key.CopyTo(_keys.AsSpan(start));
        _buckets[bucket] = Count + 1;
        (_hashes[Count], _ends[Count]) = (hash, start + key.Length);
        return Count++;
    }

    public void Clear()
    {
        _slots.AsSpan(0, Count * slots).Clear();
        _extremes.AsSpan(0, Count * extremes).Clear();
        Array.Clear(_buckets);
        Count = 0;
    }

    private int StartOf(int group) => group == 0 ? 0 : _ends[group - 1];

    private void Grow()
    {
        int count = 2 * Count;
        Array.Resize(ref _hashes, count);
        Array.Resize(ref _ends, count);
        Array.Resize(ref _slots, count * slots);
        Array.Resize(ref _extremes, count * extremes);
        _buckets = new int[2 * count];
        for (int group = 0; group < Count; group++)
        {
            int bucket = (int)_hashes[group] & (_buckets.Length - 1);
            while (_buckets[bucket] > 0)
            {
                bucket = (bucket + 1) & (_buckets.Length - 1);
            }

            _buckets[bucket] = group + 1;
        }
    }
}
