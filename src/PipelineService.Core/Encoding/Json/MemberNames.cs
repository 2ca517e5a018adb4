using System.Buffers;
using System.Runtime.InteropServices;
using PipelineService.Core.Parsing.Json;

namespace PipelineService.Core.Encoding.Json;

/// <summary>
/// The member names of all objects of one JSON value, to find repeated ones: a chained hash table in pooled arrays. The
/// hash is keyed at random, so that crafted names do not make long chains; memory is in proportion to the value.
/// </summary>
internal struct MemberNames : IDisposable
{
    private const int InitialCapacity = 16;

    private Entry[]? _entries;
    private int[]? _buckets;
    private byte[]? _unescaped;
    private int _bucketCount;
    private int _count;
    private int _unescapedLength;

    private readonly record struct Entry(int Hash, int Next, int Object, int Start, int Length, bool IsUnescaped);

    /// <summary>Adds a name to an object; false when it is there already.</summary>
    /// <param name="objectId">Which object of the value.</param>
    /// <param name="json">The whole value; the same at every call.</param>
    /// <param name="start">Where the name's content starts in it.</param>
    /// <param name="length">How long it is as written.</param>
    /// <param name="isEscaped">Whether it has escapes: <c>a</c> and <c>\u0061</c> are the same name.</param>
    public bool Add(int objectId, ReadOnlySpan<byte> json, int start, int length, bool isEscaped)
    {
        if (isEscaped)
        {
            // All names together are shorter than the value.
            _unescaped ??= ArrayPool<byte>.Shared.Rent(json.Length);
            _ = JsonEscape.TryUnescape(json.Slice(start, length), _unescaped.AsSpan(_unescapedLength), out length);
            start = _unescapedLength;
            _unescapedLength += length;
        }

        if (_entries is null || _buckets is null || _count == _bucketCount)
        {
            Grow();
        }

        ReadOnlySpan<byte> name = isEscaped ? _unescaped.AsSpan(start, length) : json.Slice(start, length);
        int hash = HashOf(objectId, name);
        ref int bucket = ref _buckets![hash & (_bucketCount - 1)];
        for (int i = bucket - 1; i >= 0; i = _entries![i].Next)
        {
            ref readonly Entry entry = ref _entries![i];
            ReadOnlySpan<byte> source = entry.IsUnescaped ? _unescaped : json;
            if (entry.Hash == hash && entry.Object == objectId
                && source.Slice(entry.Start, entry.Length).SequenceEqual(name))
            {
                return false;
            }
        }

        _entries![_count] = new Entry(hash, bucket - 1, objectId, start, length, isEscaped);
        bucket = ++_count;
        return true;
    }

    public void Dispose()
    {
        Return(_entries);
        Return(_buckets);
        Return(_unescaped);
        this = default;
    }

    /// <remarks>The framework's keyed hash is for UTF-16: it takes bytes in pairs, and an odd last one goes beside.</remarks>
    private static int HashOf(int objectId, ReadOnlySpan<byte> name) => HashCode.Combine(
        string.GetHashCode(MemoryMarshal.Cast<byte, char>(name)), (name.Length & 1) == 1 ? name[^1] : -1, objectId);

    private void Grow()
    {
        int bucketCount = Math.Max(InitialCapacity, _bucketCount * 2);
        Entry[] entries = ArrayPool<Entry>.Shared.Rent(bucketCount);
        int[] buckets = ArrayPool<int>.Shared.Rent(bucketCount);
        buckets.AsSpan(0, bucketCount).Clear();
        for (int i = 0; i < _count; i++)
        {
            ref int bucket = ref buckets[_entries![i].Hash & (bucketCount - 1)];
            entries[i] = _entries[i] with { Next = bucket - 1 };
            bucket = i + 1;
        }

        Return(_entries);
        Return(_buckets);
        _entries = entries;
        _buckets = buckets;
        _bucketCount = bucketCount;
    }

    private static void Return<T>(T[]? array)
    {
        if (array is not null)
        {
            ArrayPool<T>.Shared.Return(array);
        }
    }
}
