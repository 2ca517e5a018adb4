namespace PipelineService.Core.Profiles.Sketches;

/// <summary>
/// How numbers are spread, in bounded memory: a count for each range of them, ranges of equal width within a power of two. A quantile
/// is wrong by less than half a range: by 0.4 % of its value as long as all numbers lie within four powers of two, by twice as much
/// for twice as many, and so on. The same whatever the order of the numbers and of merges.
/// </summary>
/// <remarks>
/// The ranges of HdrHistogram (http://hdrhistogram.org), with the uniform collapse of Epicoco and others, "UDDSketch: accurate tracking
/// of quantiles in data streams" (2020): when there are too many, each two become one.
/// </remarks>
internal sealed class QuantileSketch
{
    private const int RangesMax = 512;
    private const int FinestBits = 7;
    private const int MantissaBits = 52;

    private readonly Dictionary<int, long> _counts = [];
    private int _bits = FinestBits;

    public long Count { get; private set; }

    /// <param name="number">Finite.</param>
    public void Add(double number) => Add(KeyOf(number), 1);

    public void Merge(QuantileSketch other)
    {
        while (_bits > other._bits)
        {
            Collapse();
        }

        // Collapsing in the middle must not leave what is still to be added behind.
        foreach ((int key, long count) in other._counts)
        {
            int shifted = key;
            for (int bits = other._bits; bits > _bits; bits--)
            {
                shifted = Halve(shifted);
            }

            Add(shifted, count);
        }
    }

    /// <param name="part">From 0, the least number, to 1, the greatest.</param>
    /// <returns>NaN where there is no number.</returns>
    public double At(double part)
    {
        long rank = (long)(part * (Count - 1));
        foreach (int key in _counts.Keys.Order())
        {
            rank -= _counts[key];
            if (rank < 0)
            {
                return MiddleOf(key);
            }
        }

        return double.NaN;
    }

    private void Add(int key, long count)
    {
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, key, out _) += count;
        Count += count;
        while (_counts.Count > RangesMax)
        {
            Collapse();
        }
    }

    /// <summary>Negative numbers have negative keys, zero has none of a range: keys sort as numbers do.</summary>
    private int KeyOf(double number)
    {
        if (number == 0)
        {
            return 0;
        }

        int range = (int)(BitConverter.DoubleToInt64Bits(Math.Abs(number)) >> (MantissaBits - _bits)) + 1;
        return number < 0 ? -range : range;
    }

    private double MiddleOf(int key)
    {
        if (key == 0)
        {
            return 0;
        }

        long range = Math.Abs(key) - 1L;
        double from = BitConverter.Int64BitsToDouble(range << (MantissaBits - _bits));
        double until = BitConverter.Int64BitsToDouble((range + 1) << (MantissaBits - _bits));
        double middle = double.IsFinite(until) ? from + ((until - from) / 2) : from;
        return key < 0 ? -middle : middle;
    }

    private void Collapse()
    {
        KeyValuePair<int, long>[] before = [.. _counts];
        _counts.Clear();
        _bits--;
        foreach ((int key, long count) in before)
        {
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, Halve(key), out _) += count;
        }
    }

    private static int Halve(int key) => key switch
    {
        0 => 0,
        > 0 => ((key - 1) >> 1) + 1,
        _ => -(((-key - 1) >> 1) + 1),
    };

    public void Write(BinaryWriter writer)
    {
        writer.Write((sbyte)_bits);
        writer.Write(_counts.Count);
        foreach (int key in _counts.Keys.Order())
        {
            writer.Write(key);
            writer.Write(_counts[key]);
        }
    }

    public void Read(BinaryReader reader)
    {
        _bits = reader.ReadSByte();
        int count = reader.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            Add(reader.ReadInt32(), reader.ReadInt64());
        }
    }
}
