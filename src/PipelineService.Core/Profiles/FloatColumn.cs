using System.Buffers.Binary;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Profiles;

/// <summary>Numbers in floating point. Their sum is rounded, as every sum of such numbers is.</summary>
internal sealed class FloatColumn : ColumnProfile
{
    private double _least = double.PositiveInfinity;
    private double _greatest = double.NegativeInfinity;
    private double _sum;
    private double _lost; // what rounding took from the sum
    private long _notFinite;

    public FloatColumn(FieldDefinition field, bool isHidden, bool isRemembered)
        : base(field, isHidden, isRemembered) => Spread = isHidden ? null : new QuantileSketch();

    public override string? Sum => SumSoFar?.ToString("R", CultureInfo.InvariantCulture);

    public override double? Mean => SumSoFar / (Values - _notFinite);

    public override long NotFinite => _notFinite;

    public override (byte[]? Least, byte[]? Greatest) Extremes => IsTold ? (Stored(_least), Stored(_greatest)) : default;

    private bool IsTold => !IsHidden && Values > _notFinite;

    private double? SumSoFar => IsTold && double.IsFinite(_sum + _lost) ? _sum + _lost : null;

    protected override void Add(ReadOnlySpan<byte> value, bool isSampled)
    {
        double number = value.Length == sizeof(float)
            ? BinaryPrimitives.ReadSingleBigEndian(value)
            : BinaryPrimitives.ReadDoubleBigEndian(value);
        if (!double.IsFinite(number))
        {
            _notFinite++;
        }
        else if (!IsHidden)
        {
            _least = Math.Min(_least, number);
            _greatest = Math.Max(_greatest, number);
            AddToSum(number);
            if (isSampled)
            {
                Spread?.Add(number);
            }
        }

        Count(ValueHash.Of(BitConverter.DoubleToInt64Bits(number + 0.0)), value, isSampled);
    }

    public override void Merge(ColumnProfile other)
    {
        base.Merge(other);
        var numbers = (FloatColumn)other;
        _least = Math.Min(_least, numbers._least);
        _greatest = Math.Max(_greatest, numbers._greatest);
        AddToSum(numbers._sum);
        AddToSum(numbers._lost);
        _notFinite += numbers._notFinite;
    }

    public override void Write(BinaryWriter writer)
    {
        base.Write(writer);
        writer.Write(_least);
        writer.Write(_greatest);
        writer.Write(_sum);
        writer.Write(_lost);
        writer.Write(_notFinite);
    }

    public override void Read(BinaryReader reader)
    {
        base.Read(reader);
        (_least, _greatest, _sum, _lost) = (reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
        _notFinite = reader.ReadInt64();
    }

    /// <summary>Neumaier's sum: what falls off at the end of one addend is kept beside.</summary>
    private void AddToSum(double number)
    {
        double sum = _sum + number;
        _lost += Math.Abs(_sum) >= Math.Abs(number) ? _sum - sum + number : number - sum + _sum;
        _sum = sum;
    }

    private byte[] Stored(double number)
    {
        byte[] value = new byte[Field.SentType.Name == SqlTypeName.Real ? sizeof(float) : sizeof(double)];
        if (value.Length == sizeof(float))
        {
            BinaryPrimitives.WriteSingleBigEndian(value, (float)number);
        }
        else
        {
            BinaryPrimitives.WriteDoubleBigEndian(value, number);
        }

        return value;
    }
}
