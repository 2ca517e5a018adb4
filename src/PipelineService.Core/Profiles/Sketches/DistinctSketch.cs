using System.Numerics;
using System.Runtime.Intrinsics;

namespace PipelineService.Core.Profiles.Sketches;

/// <summary>
/// How many different values there are, in 16 KiB: HyperLogLog. Its standard error is 1.04 / √16384, that is 0.8 %; up to
/// <see cref="FewHashes.CountMax"/> values are counted exactly, in 4 KiB. The same whatever the order of the values and of merges.
/// </summary>
/// <remarks>
/// Source: Flajolet and others, "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm" (2007); the estimator is
/// that of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), section 3, which has no bias between small
/// and large counts.
/// </remarks>
internal sealed class DistinctSketch
{
    private const int Bits = 14;
    private const int Registers = 1 << Bits;
    private const int RankMax = 64 - Bits + 1;

    private FewHashes? _few = new();
    private byte[] _ranks = []; // none as long as they are few

    public void Add(ReadOnlySpan<ulong> hashes)
    {
        int next = 0;
        while (_few is not null && next < hashes.Length)
        {
            Add(hashes[next++]);
        }

        byte[] ranks = _ranks;
        foreach (ulong hash in hashes[next..])
        {
            Rank(ranks, hash);
        }
    }

    public void Add(ulong hash)
    {
        if (_few is { } few)
        {
            if (few.TryAdd(hash))
            {
                return;
            }

            Spread(few);
        }

        Rank(_ranks, hash);
    }

    /// <summary>They are few no longer.</summary>
    private void Spread(FewHashes few)
    {
        (_few, _ranks) = (null, new byte[Registers]);
        foreach (ulong hash in few.Hashes)
        {
            Rank(_ranks, hash);
        }
    }

    private static void Rank(byte[] ranks, ulong hash)
    {
        ref byte rank = ref ranks[hash >> (64 - Bits)];
        int zeros = BitOperations.LeadingZeroCount((hash << Bits) | (1UL << (Bits - 1)));
        if (rank <= zeros)
        {
            rank = (byte)(zeros + 1);
        }
    }

    public void Merge(DistinctSketch other)
    {
        if (other._few is { } others)
        {
            foreach (ulong hash in others.Hashes)
            {
                Add(hash);
            }

            return;
        }

        if (_few is { } few)
        {
            Spread(few);
        }

        for (int i = 0; i < Registers; i += Vector128<byte>.Count)
        {
            var max = Vector128.Max(Vector128.Create(_ranks, i), Vector128.Create(other._ranks, i));
            max.CopyTo(_ranks, i);
        }
    }

    public double Estimate()
    {
        if (_few is { } few)
        {
            return few.Count;
        }

        Span<int> counts = stackalloc int[RankMax + 1];
        counts.Clear();
        foreach (byte rank in _ranks)
        {
            counts[rank]++;
        }

        double sum = Registers * Tau(1 - (counts[RankMax] / (double)Registers));
        for (int rank = RankMax - 1; rank >= 1; rank--)
        {
            sum = 0.5 * (sum + counts[rank]);
        }

        sum += Registers * Sigma(counts[0] / (double)Registers);
        return double.IsInfinity(sum) ? 0 : Registers / (2 * Math.Log(2)) * Registers / sum;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write((short)(_few?.Count ?? -1));
        if (_few is null)
        {
            writer.Write(_ranks);
            return;
        }

        foreach (ulong hash in _few.Hashes)
        {
            writer.Write(hash);
        }
    }

    /// <summary>Into one that is new.</summary>
    public void Read(BinaryReader reader)
    {
        int few = reader.ReadInt16();
        for (int i = 0; i < few; i++)
        {
            Add(reader.ReadUInt64());
        }

        if (few >= 0)
        {
            return;
        }

        (_few, _ranks) = (null, new byte[Registers]);
        reader.BaseStream.ReadExactly(_ranks);
        if (_ranks.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)RankMax))
        {
            throw new InvalidDataException("A register holds more than a hash has bits.");
        }
    }

    private static double Sigma(double x)
    {
        if (x == 1)
        {
            return double.PositiveInfinity;
        }

        double factor = 1, sum = x;
        for (double before = double.NaN; sum != before; factor += factor)
        {
            x *= x;
            before = sum;
            sum += x * factor;
        }

        return sum;
    }

    private static double Tau(double x)
    {
        if (x is 0 or 1)
        {
            return 0;
        }

        double factor = 1, sum = 1 - x;
        for (double before = double.NaN; sum != before;)
        {
            x = Math.Sqrt(x);
            before = sum;
            factor *= 0.5;
            sum -= (1 - x) * (1 - x) * factor;
        }

        return sum / 3;
    }
}
