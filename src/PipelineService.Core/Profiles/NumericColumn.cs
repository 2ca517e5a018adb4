using System.Buffers.Binary;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Profiles;

/// <summary>Numbers with digits, as PostgreSQL's numeric has them: nothing of them is rounded.</summary>
internal sealed class NumericColumn : ColumnProfile
{
    private const int PowersMax = 5;

    /// <summary>Of 10,000, each of which is exact.</summary>
    private static readonly double[] Powers = [1, 1e4, 1e8, 1e12, 1e16, 1e20];

    private readonly NumericSum _sum = new();
    private byte[] _least = [];
    private byte[] _greatest = [];
    private long _leastOrder = long.MaxValue;
    private long _greatestOrder = long.MinValue;
    private long _notFinite;

    public NumericColumn(FieldDefinition field, bool isHidden, bool isRemembered)
        : base(field, isHidden, isRemembered) => Spread = isHidden ? null : new QuantileSketch();

    public override string? Sum => IsTold && _sum.IsExact ? _sum.ToString() : null;

    public override double? Mean =>
        Sum is { } sum ? double.Parse(sum, CultureInfo.InvariantCulture) / (Values - _notFinite) : null;

    public override long NotFinite => _notFinite;

    public override (byte[]? Least, byte[]? Greatest) Extremes => IsTold ? (_least, _greatest) : default;

    private bool IsTold => !IsHidden && Values > _notFinite;

    protected override void Measure(ReadOnlySpan<byte> bytes, ColumnValues values)
    {
        Span<ulong> hashes = values.Hashes;
        for (int i = 0; i < hashes.Length; i++)
        {
            ReadOnlySpan<byte> value = values.Of(bytes, i);
            hashes[i] = HashOf(value);
            if (NumericBinary.KindOf(value) != SpecialNumber.None)
            {
                _notFinite++;
            }
            else if (!IsHidden)
            {
                AddExtremes(value, OrderOf(value));
                _sum.Add(value);
            }
        }
    }

    protected override void Look(ReadOnlySpan<byte> value, ulong hash)
    {
        base.Look(value, hash);
        if (NumericBinary.KindOf(value) == SpecialNumber.None)
        {
            Spread!.Add(DoubleOf(value));
        }
    }

    public override void Merge(ColumnProfile other)
    {
        base.Merge(other);
        var numbers = (NumericColumn)other;
        if (numbers._least.Length > 0)
        {
            AddExtremes(numbers._least, numbers._leastOrder);
            AddExtremes(numbers._greatest, numbers._greatestOrder);
        }

        _sum.Merge(numbers._sum);
        _notFinite += numbers._notFinite;
    }

    public override void Write(BinaryWriter writer)
    {
        base.Write(writer);
        _sum.Write(writer);
        writer.Write(_notFinite);
        writer.Write(_least.Length);
        writer.Write(_least);
        writer.Write(_greatest.Length);
        writer.Write(_greatest);
    }

    public override void Read(BinaryReader reader)
    {
        base.Read(reader);
        _sum.Read(reader);
        _notFinite = reader.ReadInt64();
        _least = reader.ReadBytes(reader.ReadInt32());
        _greatest = reader.ReadBytes(reader.ReadInt32());
        if (_least.Length > 0)
        {
            (_leastOrder, _greatestOrder) = (OrderOf(_least), OrderOf(_greatest));
        }
    }

    private void AddExtremes(ReadOnlySpan<byte> value, long order)
    {
        if (order <= _leastOrder && (_least.Length == 0 || NumericBinary.Compare(value, _least) < 0))
        {
            (_least, _leastOrder) = (value.ToArray(), order);
        }

        if (order >= _greatestOrder && (_greatest.Length == 0 || NumericBinary.Compare(value, _greatest) > 0))
        {
            (_greatest, _greatestOrder) = (value.ToArray(), order);
        }
    }

    /// <summary>A word that orders numbers as they are ordered, but for those that it takes for equal: their first digits are.</summary>
    private static long OrderOf(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> digits = value[NumericBinary.HeaderBytes..];
        if (digits.IsEmpty)
        {
            return 0;
        }

        long weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]) - (long)short.MinValue + 1;
        long order = weight << 45;
        for (int i = 0, shift = 31; i < digits.Length && shift > 0; i += sizeof(ushort), shift -= 14)
        {
            order |= (long)BinaryPrimitives.ReadUInt16BigEndian(digits[i..]) << shift;
        }

        return NumericBinary.IsNegative(value) ? -order : order;
    }

    private static double DoubleOf(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> digits = value[NumericBinary.HeaderBytes..];
        int weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        double number = 0;
        for (int i = 0; i < digits.Length && i < 5 * sizeof(ushort); i += sizeof(ushort), weight--)
        {
            number = (number * 10_000) + BinaryPrimitives.ReadUInt16BigEndian(digits[i..]);
        }

        weight++;
        number = weight == 0 ? number
            : weight is >= -PowersMax and < 0 ? number / Powers[-weight]
            : weight is > 0 and <= PowersMax ? number * Powers[weight]
            : Math.Min(number * Math.Pow(10_000, weight), double.MaxValue);
        return NumericBinary.IsNegative(value) ? -number : number;
    }

    /// <summary>Numbers are told apart by what they are, not by how many zeros they are shown with.</summary>
    private static ulong HashOf(ReadOnlySpan<byte> value) =>
        ValueHash.Of(value[NumericBinary.HeaderBytes..]) ^ ((ulong)BinaryPrimitives.ReadUInt32BigEndian(value[2..]) * 0x9E3779B97F4A7C15);
}
