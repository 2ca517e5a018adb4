using System.IO.Hashing;
using System.Numerics;
using PipelineService.Core.Encoding;

namespace PipelineService.Write.Rejects;

/// <summary>
/// Remembers the keys of the rows that a job has sent, in a fixed number of bits, to tell which rows of the next chunk may
/// repeat one. It never misses a repetition within the job while it is not full, and seldom suspects a row wrongly; the
/// database decides about each suspect.
/// </summary>
/// <remarks>
/// A Bloom filter with all bits of a key in one cache line (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient
/// Bloom Filters, 2007): one memory access a key. Without it each repeated key would cost a refused COPY of its chunk.
/// </remarks>
public sealed class KeyFilter
{
    private const int WordsPerBlock = 8;
    private const int BitsPerKey = 12;
    private const int Probes = 6;

    private readonly ulong[] _words;
    private readonly IReadOnlyList<int[]> _keys;
    private readonly List<int> _suspects = [];
    private readonly long _keysMax;
    private long _count;

    /// <param name="bytes">Size of the filter; a power of two, at least 64.</param>
    /// <param name="keys">For each unique index its columns, as indexes into a row's fields.</param>
    public KeyFilter(int bytes, IReadOnlyList<int[]> keys)
    {
        _words = new ulong[BitOperations.RoundUpToPowerOf2((uint)bytes) / sizeof(ulong)];
        _keys = keys;
        _keysMax = (long)_words.Length * 64 / BitsPerKey;
    }

    /// <summary>The filter for a load that is refused rows for keys which it can watch; null for another.</summary>
    /// <param name="rows">The columns of the rows.</param>
    /// <param name="bytes">Size of the filter; 0 for none.</param>
    public static KeyFilter? Of(JobLoadPlan plan, RowPlan rows, int bytes) =>
        bytes > 0 && plan is { Table: not null, Target.RefusesKnownKeys: true }
        && new TargetConstraints(plan.Table, rows, plan.Target.Table) is { UniqueKeys: { Count: > 0 } keys, IsScreenable: true }
            ? new KeyFilter(bytes, keys)
            : null;

    /// <summary>Whether it holds so many keys that it would suspect too much: then it says nothing any more.</summary>
    public bool IsFull => _count >= _keysMax;

    /// <summary>Takes in the keys of a chunk's rows.</summary>
    /// <returns>0-based indexes of the rows that may repeat a key of an earlier row of the job.</returns>
    public int[] Add(RowBuffer rows)
    {
        _suspects.Clear();
        for (int row = 0; row < rows.Count && !IsFull; row++)
        {
            bool isSuspect = false;
            for (int key = 0; key < _keys.Count; key++)
            {
                isSuspect |= TryHash(rows, row, key, out ulong hash) && !AddHash(hash);
            }

            if (isSuspect)
            {
                _suspects.Add(row);
            }
        }

        return [.. _suspects];
    }

    /// <summary>False for a key with a NULL, which repeats nothing.</summary>
    private bool TryHash(RowBuffer rows, int row, int key, out ulong hash)
    {
        hash = (ulong)key;
        foreach (int column in _keys[key])
        {
            if (!rows.TryGetField(row, column, out ReadOnlySpan<byte> field))
            {
                return false;
            }

            hash = XxHash3.HashToUInt64(field, (long)hash);
        }

        return true;
    }

    /// <returns>False when all its bits were set before.</returns>
    private bool AddHash(ulong hash)
    {
        int block = (int)(hash & (ulong)((_words.Length / WordsPerBlock) - 1)) * WordsPerBlock;
        ulong bits = hash >> 10 ^ BitOperations.RotateLeft(hash, 27);
        bool isNew = false;
        for (int probe = 0; probe < Probes; probe++)
        {
            int bit = (int)(bits & 511);
            bits = (bits >> 9) ^ (hash << 5);
            ref ulong word = ref _words[block + (bit >> 6)];
            ulong mask = 1UL << (bit & 63);
            isNew |= (word & mask) == 0;
            word |= mask;
        }

        _count += isNew ? 1 : 0;
        return isNew;
    }
}
