using System.Numerics;
using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>Values of one width that lie side by side.</summary>
internal abstract class FixedVector(int itemBits) : ArrowVector
{
    protected ByteSlice Data { get; private set; }

    protected int ItemBits => itemBits;

    protected override void BindBuffers(BatchCursor batch) => Data = batch.TakeBuffer().Holding(Length, itemBits);

    protected sealed override ReadOnlySpan<byte> ItemsOf(long first, int count, int itemBytes) =>
        Data.Part(first * itemBytes, (long)count * itemBytes);
}

internal sealed class BoolVector() : FixedVector(itemBits: 1)
{
    protected override void WriteValue(long index, RowText row) => row.Bool(Data.Bit(index));

    protected override bool TryPack(long index, PackedValues values)
    {
        values.Bool(Data.Bit(index));
        return true;
    }

    protected override bool TryMeasure(long first, Span<int> lengths) => MeasureTags(first, lengths);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void WriteMeasured(long first, Span<byte> rows, Span<int> places)
    {
        ReadOnlySpan<byte> there = There(places.Length);
        for (int i = 0; i < places.Length; i++)
        {
            PutTag(
                !there.IsEmpty && there[i] == 0 ? PackedTag.Null : Data.Bit(first + i) ? PackedTag.True : PackedTag.False,
                rows, ref places[i]);
        }
    }
}

/// <summary>Integers, also as places in dictionaries.</summary>
internal abstract class PlaceVector(int itemBits) : FixedVector(itemBits)
{
    /// <summary>What is not less than 2^63 leads nowhere.</summary>
    public abstract long PlaceAt(long index);
}

internal sealed class IntegerVector<T>(PackedTag packed) : PlaceVector(8 * Unsafe.SizeOf<T>())
    where T : unmanaged, IBinaryInteger<T>
{
    protected override ColumnPacker? Packer { get; } = ColumnPacker.OfIntegers<T>(packed);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override long PlaceAt(long index) => long.CreateTruncating(Data.Read<T>(index));

    protected override void WriteValue(long index, RowText row) => row.Formatted(Data.Read<T>(index));

    protected override bool TryPack(long index, PackedValues values) => values.TryInteger(Data.Read<T>(index), packed);
}

internal sealed class FloatVector(int bits, PackedTag packed) : FixedVector(bits)
{
    protected override ColumnPacker? Packer { get; } = bits switch
    {
        16 => null,
        32 => ColumnPacker.OfSingles(packed),
        _ => ColumnPacker.OfFloats(packed),
    };

    protected override bool TryPack(long index, PackedValues values) => ItemBits switch
    {
        16 => values.TryFloat((float)Data.Read<Half>(index), packed),
        32 => values.TryFloat(Data.Read<float>(index), packed),
        _ => values.TryFloat(Data.Read<double>(index), packed),
    };

    protected override void WriteValue(long index, RowText row)
    {
        switch (ItemBits)
        {
            case 16:
                NumberText.Float(row, (float)Data.Read<Half>(index)); // as a float: the number, not the shortest of its kind
                break;
            case 32:
                NumberText.Float(row, Data.Read<float>(index));
                break;
            default:
                NumberText.Float(row, Data.Read<double>(index));
                break;
        }
    }

    /// <summary>What is not finite has quotes by itself.</summary>
    public override void WriteName(long index, RowText row)
    {
        double value = ItemBits == 16 ? (double)Data.Read<Half>(index) : ItemBits == 32 ? Data.Read<float>(index) : Data.Read<double>(index);
        if (double.IsFinite(value))
        {
            base.WriteName(index, row);
        }
        else
        {
            WriteValue(index, row);
        }
    }
}

internal sealed class DecimalVector(int bits, int scale, PackedTag packed) : FixedVector(bits)
{
    protected override ColumnPacker? Packer { get; } = bits switch
    {
        32 => ColumnPacker.OfDecimals<int>(scale, packed),
        64 => ColumnPacker.OfDecimals<long>(scale, packed),
        128 => ColumnPacker.OfDecimals<Int128>(scale, packed),
        _ => null,
    };

    protected override bool TryPack(long index, PackedValues values) => ItemBits switch
    {
        32 => values.TryDecimal(Data.Read<int>(index), scale, packed),
        64 => values.TryDecimal(Data.Read<long>(index), scale, packed),
        128 => values.TryDecimal(Data.Read<Int128>(index), scale, packed),
        _ => false,
    };

    protected override void WriteValue(long index, RowText row)
    {
        switch (ItemBits)
        {
            case 32:
                NumberText.Decimal(row, Data.Read<int>(index), scale);
                break;
            case 64:
                NumberText.Decimal(row, Data.Read<long>(index), scale);
                break;
            case 128:
                NumberText.Decimal(row, Data.Read<Int128>(index), scale);
                break;
            default:
                NumberText.Decimal(row, new BigInteger(Data.Part(index * 32, 32)), scale);
                break;
        }
    }
}
