using System.Buffers.Binary;
using System.Numerics;
using PipelineService.Core.Encoding.Numbers;

namespace PipelineService.Core.Profiles.Sketches;

/// <summary>
/// The exact sum of numbers in PostgreSQL's binary form, without reading them: a sum for each place of their base-10000 digits, put
/// together at the end. Numbers of more than 64 digits before the point or behind it take it away.
/// </summary>
internal sealed class NumericSum
{
    private const int GroupBase = 10_000;
    private const int GroupDigits = 4;
    private const int FirstWeight = 15;
    private const int Places = 32;

    private readonly long[] _sums = new long[Places];

    /// <summary>Whether every number went into it.</summary>
    public bool IsExact { get; private set; } = true;

    /// <param name="value">A number, not NaN and not infinite.</param>
    public void Add(ReadOnlySpan<byte> value)
    {
        int weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        ReadOnlySpan<byte> digits = value[NumericBinary.HeaderBytes..];
        int place = FirstWeight - weight;
        int count = digits.Length / sizeof(ushort);
        if (place < 0 || place + count > Places)
        {
            IsExact &= count == 0;
            return;
        }

        bool isNegative = NumericBinary.IsNegative(value);
        for (; digits.Length > 0; digits = digits[sizeof(ushort)..])
        {
            int digit = BinaryPrimitives.ReadUInt16BigEndian(digits);
            _sums[place++] += isNegative ? -digit : digit;
        }
    }

    public void Merge(NumericSum other)
    {
        IsExact &= other.IsExact;
        for (int i = 0; i < Places; i++)
        {
            _sums[i] += other._sums[i];
        }
    }

    public override string ToString()
    {
        const int FractionPlaces = Places - FirstWeight - 1;
        BigInteger sum = 0;
        foreach (long place in _sums)
        {
            sum = (sum * GroupBase) + place;
        }

        string digits = BigInteger.Abs(sum).ToString(System.Globalization.CultureInfo.InvariantCulture)
            .PadLeft((FractionPlaces * GroupDigits) + 1, '0');
        int point = digits.Length - (FractionPlaces * GroupDigits);
        string text = $"{digits[..point]}.{digits[point..]}".TrimEnd('0').TrimEnd('.');
        return sum.Sign < 0 ? "-" + text : text;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(IsExact);
        Array.ForEach(_sums, writer.Write);
    }

    public void Read(BinaryReader reader)
    {
        IsExact = reader.ReadBoolean();
        for (int i = 0; i < Places; i++)
        {
            _sums[i] = reader.ReadInt64();
        }
    }
}
