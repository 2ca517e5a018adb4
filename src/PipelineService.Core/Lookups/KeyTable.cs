using System.Buffers.Binary;

namespace PipelineService.Core.Lookups;

/// <summary>
/// Keys, each once, with bytes behind each: a hash with open addressing over pages of bytes. Filled by one, then read by any number of
/// threads; it allocates nothing for a key that is looked for.
/// </summary>
internal sealed class KeyTable
{
    /// <summary>Before each key: its length, and that of what stands behind it.</summary>
    internal const int HeadBytes = 2 * sizeof(int);

    private const int BucketBytes = sizeof(uint) + sizeof(int);
    private const int BucketsMin = 16;

    private readonly BytePages _pages = new();
    private (uint Hash, int Place)[] _buckets = new (uint, int)[BucketsMin]; // the place is an offset + 1, 0 for none

    /// <summary>Keys in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => _pages.Bytes + ((long)_buckets.Length * BucketBytes);

    /// <summary>Adds a key, unless it is there.</summary>
    /// <param name="key">The key.</param>
    /// <param name="payload">What stands behind it.</param>
    /// <returns>False when it was there, or there is no room for it in any table.</returns>
    public bool TryAdd(ReadOnlySpan<byte> key, ReadOnlySpan<byte> payload) => TryAdd(KeyHash.Of(key), key, payload);

    /// <inheritdoc cref="TryAdd(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    /// <param name="hash">The key's.</param>
    internal bool TryAdd(uint hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> payload)
    {
        int bucket = BucketOf(hash, key);
        if (_buckets[bucket].Place != 0)
        {
            return false;
        }

        Span<byte> entry = _pages.Add(HeadBytes + key.Length + payload.Length, out int offset);
        if (offset < 0)
        {
            return false;
        }

        BinaryPrimitives.WriteInt32LittleEndian(entry, key.Length);
        BinaryPrimitives.WriteInt32LittleEndian(entry[sizeof(int)..], payload.Length);
        key.CopyTo(entry[HeadBytes..]);
        payload.CopyTo(entry[(HeadBytes + key.Length)..]);
        _buckets[bucket] = (hash, offset + 1);
        if (++Count > _buckets.Length / 2)
        {
            Grow();
        }

        return true;
    }

    /// <summary>Finds what stands behind a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="page">The bytes that hold it.</param>
    /// <param name="start">Where it starts in them.</param>
    public bool TryFind(ReadOnlySpan<byte> key, out byte[] page, out int start) => TryFind(KeyHash.Of(key), key, out page, out start);

    /// <inheritdoc cref="TryFind(ReadOnlySpan{byte}, out byte[], out int)"/>
    /// <param name="hash">The key's.</param>
    internal bool TryFind(uint hash, ReadOnlySpan<byte> key, out byte[] page, out int start)
    {
        int place = _buckets[BucketOf(hash, key)].Place;
        if (place == 0)
        {
            (page, start) = ([], 0);
            return false;
        }

        page = _pages.PageOf(place - 1, out start);
        start += HeadBytes + key.Length;
        return true;
    }

    /// <summary>All keys, in no order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Keys()
    {
        foreach ((_, ArraySegment<byte> entry) in Entries())
        {
            yield return entry.AsMemory(HeadBytes, BinaryPrimitives.ReadInt32LittleEndian(entry));
        }
    }

    /// <summary>All keys with their heads and what stands behind them, in no order.</summary>
    internal IEnumerable<(uint Hash, ArraySegment<byte> Entry)> Entries()
    {
        foreach ((uint hash, int place) in _buckets)
        {
            if (place != 0)
            {
                byte[] page = _pages.PageOf(place - 1, out int start);
                ReadOnlySpan<byte> head = page.AsSpan(start, HeadBytes);
                int length = HeadBytes + BinaryPrimitives.ReadInt32LittleEndian(head) + BinaryPrimitives.ReadInt32LittleEndian(head[sizeof(int)..]);
                yield return (hash, new ArraySegment<byte>(page, start, length));
            }
        }
    }

    /// <summary>The bucket of a key, or the empty one in which it would be.</summary>
    private int BucketOf(uint hash, ReadOnlySpan<byte> key)
    {
        (uint Hash, int Place)[] buckets = _buckets;
        int mask = buckets.Length - 1;
        int bucket = (int)hash & mask;
        while (buckets[bucket].Place != 0 && !(buckets[bucket].Hash == hash && IsKey(buckets[bucket].Place - 1, key)))
        {
            bucket = (bucket + 1) & mask;
        }

        return bucket;
    }

    private bool IsKey(int offset, ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> entry = _pages.PageOf(offset, out int start).AsSpan(start);
        return BinaryPrimitives.ReadInt32LittleEndian(entry) == key.Length && entry.Slice(HeadBytes, key.Length).SequenceEqual(key);
    }

    private void Grow()
    {
        (uint Hash, int Place)[] before = _buckets;
        _buckets = new (uint, int)[before.Length * 2];
        int mask = _buckets.Length - 1;
        foreach ((uint hash, int place) in before)
        {
            if (place == 0)
            {
                continue;
            }

            int bucket = (int)hash & mask;
            while (_buckets[bucket].Place != 0)
            {
                bucket = (bucket + 1) & mask;
            }

            _buckets[bucket] = (hash, place);
        }
    }
}
