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
    private readonly int _shift;

    /// <param name="entries">All entries, as <see cref="KeyTable"/> writes them, with their hashes.</param>
    /// <param name="entryBytes">What they take together.</param>
    internal FrozenKeys(KeyTable entries, int entryBytes)
    {
        int groups = GroupsOf(entries.Count);
        _shift = HashBits - BitOperations.Log2((uint)groups);
        _starts = new int[groups + 1];
        _entries = GC.AllocateUninitializedArray<byte>(entryBytes);
        foreach ((uint hash, ArraySegment<byte> entry) in entries.Entries())
        {
            _starts[GroupOf(hash) + 1] += entry.Count;
        }

        for (int group = 1; group <= groups; group++)
        {
            _starts[group] += _starts[group - 1];
        }

        int[] next = _starts[..groups];
        foreach ((uint hash, ArraySegment<byte> entry) in entries.Entries())
        {
            ref int at = ref next[GroupOf(hash)];
            entry.AsSpan().CopyTo(_entries.AsSpan(at));
            at += entry.Count;
        }
    }

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => Sum(_starts.Length, _entries.Length);

    /// <summary>Bytes that so many entries would take.</summary>
    /// <param name="count">How many.</param>
    /// <param name="entryBytes">What they take together.</param>
    public static long BytesOf(int count, long entryBytes) => Sum(GroupsOf(count) + 1, entryBytes);

    /// <inheritdoc cref="KeyTable.TryFind"/>
    public bool TryFind(ReadOnlySpan<byte> key, out byte[] page, out int start)
    {
        int group = GroupOf(KeyHash.Of(key));
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

    private static long Sum(int starts, long entryBytes) => ((long)starts * sizeof(int)) + entryBytes;

    private static int GroupsOf(int count) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * GroupSize, count)) / GroupSize;

    private int GroupOf(uint hash) => (int)(hash >> _shift);
}
