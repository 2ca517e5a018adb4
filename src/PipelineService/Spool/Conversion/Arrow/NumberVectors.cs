using System.Numerics;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>Values of one width that lie side by side.</summary>
internal abstract class FixedVector(int itemBits) : ArrowVector
{
    protected ByteSlice Data { get; private set; }

    protected int ItemBits => itemBits;

    protected override void BindBuffers(BatchCursor batch) => Data = batch.TakeBuffer().Holding(Length, itemBits);
}

internal sealed class BoolVector() : FixedVector(itemBits: 1)
{
    protected override void WriteValue(long index, RowText row) => row.Bool(Data.Bit(index));

    protected override bool TryPack(long index, PackedRows rows)
    {
        rows.Bool(Data.Bit(index));
        return true;
    }
}

/// <summary>Integers, also as places in dictionaries.</summary>
internal abstract class PlaceVector(int itemBits) : FixedVector(itemBits)
{
    /// <summary>What is not less than 2^63 leads nowhere.</summary>
    public abstract long PlaceAt(long index);
}

internal sealed class IntegerVector<T>(PackedTag packed) : PlaceVector(8 * System.Runtime.CompilerServices.Unsafe.SizeOf<T>())
    where T : unmanaged, IBinaryInteger<T>
{
    public override long PlaceAt(long index) => long.CreateTruncating(Data.Read<T>(index));

    protected override void WriteValue(long index, RowText row) => row.Formatted(Data.Read<T>(index));

    protected override bool TryPack(long index, PackedRows rows) => rows.TryInteger(Data.Read<T>(index), packed);
}

internal sealed class FloatVector(int bits, PackedTag packed) : FixedVector(bits)
{
    protected override bool TryPack(long index, PackedRows rows) => ItemBits switch
    {
        16 => rows.TryFloat((float)Data.Read<Half>(index), packed),
        32 => rows.TryFloat(Data.Read<float>(index), packed),
        _ => rows.TryFloat(Data.Read<double>(index), packed),
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
    protected override bool TryPack(long index, PackedRows rows) => ItemBits switch
    {
        32 => rows.TryDecimal(Data.Read<int>(index), scale, packed),
        64 => rows.TryDecimal(Data.Read<long>(index), scale, packed),
        128 => rows.TryDecimal(Data.Read<Int128>(index), scale, packed),
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
