using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
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

    protected override void Measure(ReadOnlySpan<byte> bytes, ColumnValues values)
    {
        Span<double> numbers = stackalloc double[ColumnValues.CountMax];
        numbers = numbers[..values.Count];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = NumberOf(values.Of(bytes, i));
        }

        Span<ulong> hashes = values.Hashes;
        (double least, double greatest, double sum, double lost) = (_least, _greatest, _sum, _lost);
        for (int i = 0; i < numbers.Length; i++)
        {
            double number = numbers[i];
            hashes[i] = ValueHash.Of(BitConverter.DoubleToInt64Bits(number + 0.0));
            if (!double.IsFinite(number))
            {
                _notFinite++;
                continue;
            }

            least = Math.Min(least, number);
            greatest = Math.Max(greatest, number);
            AddTo(ref sum, ref lost, number);
        }

        if (!IsHidden)
        {
            (_least, _greatest, _sum, _lost) = (least, greatest, sum, lost);
        }
    }

    protected override void Look(ReadOnlySpan<byte> value, ulong hash)
    {
        base.Look(value, hash);
        if (NumberOf(value) is var number && double.IsFinite(number))
        {
            Spread!.Add(number);
        }
    }

    private static double NumberOf(ReadOnlySpan<byte> value) => value.Length == sizeof(float)
        ? BinaryPrimitives.ReadSingleBigEndian(value)
        : BinaryPrimitives.ReadDoubleBigEndian(value);

    public override void Merge(ColumnProfile other)
    {
        base.Merge(other);
        var numbers = (FloatColumn)other;
        _least = Math.Min(_least, numbers._least);
        _greatest = Math.Max(_greatest, numbers._greatest);
        AddTo(ref _sum, ref _lost, numbers._sum);
        AddTo(ref _sum, ref _lost, numbers._lost);
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

    /// <summary>
    /// Adds without losing what falls off at the end of an addend: Neumaier's sum, with Knuth's way to that part, which asks nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(ref double sum, ref double lost, double number)
    {
        double both = sum + number;
        double added = both - sum;
        lost += sum - (both - added) + (number - added);
        sum = both;
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
