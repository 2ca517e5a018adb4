using System.Buffers.Binary;
using System.Numerics;

namespace PipelineService.Core.Lookups;

/// <summary>
/// The keys of a <see cref="KeyTable"/> to which no more are added, with what stands behind each: in the order of their hashes and without
/// a gap, so that whoever looks for one reads an index that is small enough to stay in the processor's cache, and then one place of
/// memory. Of a million keys in no order, waiting for memory is most of what finding them costs.
/// </summary>
internal sealed class FrozenKeys
{
    /// <summary>Entries that a group has on average at most: a few lines of the cache that lie one behind the other.</summary>
    private const int GroupSize = 4;

    private const int HashBits = 32;

    private readonly byte[] _entries;
    private readonly int[] _starts; // by group, and where the last one ends
    private readonly int _skipBits;
    private readonly int _shift;

    /// <param name="keys">They.</param>
    /// <param name="skipBits">How many of the first bits all their hashes share.</param>
    public FrozenKeys(KeyTable keys, int skipBits)
    {
        int groups = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * GroupSize, keys.Count)) / GroupSize;
        _skipBits = skipBits;
        _shift = HashBits - BitOperations.Log2((uint)groups);
        _starts = new int[groups + 1];
        foreach ((uint hash, ArraySegment<byte> entry) in keys.Entries())
        {
            _starts[GroupOf(hash) + 1] += entry.Count;
        }

        for (int group = 1; group <= groups; group++)
        {
            _starts[group] += _starts[group - 1];
        }

        _entries = GC.AllocateUninitializedArray<byte>(_starts[groups]);
        int[] next = _starts[..groups];
        foreach ((uint hash, ArraySegment<byte> entry) in keys.Entries())
        {
            ref int at = ref next[GroupOf(hash)];
            entry.AsSpan().CopyTo(_entries.AsSpan(at));
            at += entry.Count;
        }
    }

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => ((long)_starts.Length * sizeof(int)) + _entries.Length;

    /// <inheritdoc cref="KeyTable.TryFind(ReadOnlySpan{byte}, out byte[], out int)"/>
    /// <param name="hash">The key's.</param>
    public bool TryFind(uint hash, ReadOnlySpan<byte> key, out byte[] page, out int start)
    {
        int group = GroupOf(hash);
        (page, start) = (_entries, _starts[group]);
        int end = _starts[group + 1];
        while (start < end)
        {
            ReadOnlySpan<byte> entry = page.AsSpan(start, end - start);
            int keyLength = BinaryPrimitives.ReadInt32LittleEndian(entry);
            start += KeyTable.HeadBytes + keyLength;
            if (keyLength == key.Length && entry.Slice(KeyTable.HeadBytes, keyLength).SequenceEqual(key))
            {
                return true;
            }

            start += BinaryPrimitives.ReadInt32LittleEndian(entry[sizeof(int)..]);
        }

        return false;
    }

    private int GroupOf(uint hash) => (int)((hash << _skipBits) >> _shift);
}
