using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>How bytes are written.</summary>
internal enum BytesForm
{
    Text,
    Base64,
    Uuid,
}

/// <summary>Text and bytes.</summary>
internal abstract class BytesVector(BytesForm form) : ArrowVector
{
    public override bool IsTextual => true;

    protected abstract ReadOnlySpan<byte> BytesAt(long index);

    protected override bool TryPack(long index, PackedValues values)
    {
        if (form != BytesForm.Text)
        {
            return false;
        }

        values.Text(BytesAt(index));
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override bool TryMeasure(long first, Span<int> lengths)
    {
        if (form != BytesForm.Text)
        {
            return false;
        }

        ReadOnlySpan<byte> there = FindNulls(first, lengths.Length);
        for (int i = 0; i < lengths.Length; i++)
        {
            int bytes = there.IsEmpty || there[i] != 0 ? PackedValues.CountedHeadBytes + BytesAt(first + i).Length : 1;
            lengths[i] = checked(lengths[i] + bytes);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void WriteMeasured(long first, Span<byte> rows, Span<int> places)
    {
        ReadOnlySpan<byte> there = There(places.Length);
        for (int i = 0; i < places.Length; i++)
        {
            if (there.IsEmpty || there[i] != 0)
            {
                PutText(BytesAt(first + i), rows, ref places[i]);
            }
            else
            {
                PutTag(PackedTag.Null, rows, ref places[i]);
            }
        }
    }

    protected override void WriteValue(long index, RowText row)
    {
        ReadOnlySpan<byte> bytes = BytesAt(index);
        switch (form)
        {
            case BytesForm.Base64:
                row.Base64(bytes);
                break;
            case BytesForm.Uuid:
                row.Put((byte)'"');
                row.Formatted(new Guid(bytes, bigEndian: true), "D");
                row.Put((byte)'"');
                break;
            default:
                row.Text(bytes);
                break;
        }
    }
}

/// <summary>Bytes of any length, one value behind the other.</summary>
internal sealed class VariableVector(BytesForm form, bool isLarge) : BytesVector(form)
{
    private Offsets _offsets;
    private ByteSlice _data;

    protected override void BindBuffers(BatchCursor batch)
    {
        _offsets = Offsets.Take(batch, Length, isLarge);
        _data = batch.TakeBuffer();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override ReadOnlySpan<byte> BytesAt(long index)
    {
        long start = _offsets.At(index);
        return _data.Part(start, _offsets.At(index + 1) - start);
    }
}

internal sealed class FixedBytesVector(BytesForm form, int width) : BytesVector(form)
{
    private ByteSlice _data;

    protected override void BindBuffers(BatchCursor batch) => _data = batch.TakeBuffer().Holding((Int128)Length * width, itemBits: 8);

    protected override ReadOnlySpan<byte> BytesAt(long index) => _data.Part(index * width, width);
}

/// <summary>Values that have few bytes where they are, and many elsewhere.</summary>
internal sealed class ViewVector(BytesForm form) : BytesVector(form)
{
    private const int ViewBytes = 16;
    private const int BytesHere = 12;

    private ByteSlice _views;
    private ByteSlice[] _data = [];

    protected override void BindBuffers(BatchCursor batch)
    {
        _views = batch.TakeBuffer().Holding(Length, itemBits: 8 * ViewBytes);
        _data = batch.TakeVariadic();
    }

    protected override ReadOnlySpan<byte> BytesAt(long index)
    {
        int length = _views.Read<int>(4 * index);
        if (length is >= 0 and <= BytesHere)
        {
            return _views.Part((index * ViewBytes) + sizeof(int), length);
        }

        int buffer = _views.Read<int>((4 * index) + 2);
        return buffer >= 0 && buffer < _data.Length
            ? _data[buffer].Part(_views.Read<int>((4 * index) + 3), length)
            : throw ArrowFaults.Damaged("a value leads out of its buffer");
    }
}

/// <summary>Where values begin and end: one more than there are values.</summary>
internal readonly struct Offsets
{
    private readonly ByteSlice _places;
    private readonly bool _isLarge;

    private Offsets(ByteSlice places, bool isLarge) => (_places, _isLarge) = (places, isLarge);

    public static Offsets Take(BatchCursor batch, long length, bool isLarge)
    {
        ByteSlice places = batch.TakeBuffer(); // none where there are no values
        return new Offsets(length == 0 ? places : places.Holding((Int128)length + 1, isLarge ? 64 : 32), isLarge);
    }

    public long At(long index) => _isLarge ? _places.Read<long>(index) : _places.Read<int>(index);
}
