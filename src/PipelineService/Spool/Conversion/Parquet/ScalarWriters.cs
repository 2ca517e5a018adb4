using System.Numerics;
using System.Runtime.CompilerServices;
using DuckDB.NET.Native;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Parquet;

internal sealed unsafe class BooleanWriter : VectorWriter
{
    protected override void WriteValue(ulong index, RowText row) => row.Bool(((byte*)Data)[index] != 0);

    protected override bool TryPack(ulong index, PackedValues values)
    {
        values.Bool(((byte*)Data)[index] != 0);
        return true;
    }

    protected override bool TryMeasure(long first, Span<int> lengths) => MeasureTags(first, lengths);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void WriteMeasured(long first, Span<byte> rows, Span<int> places)
    {
        ReadOnlySpan<byte> there = There(places.Length);
        byte* items = (byte*)Data + first;
        for (int i = 0; i < places.Length; i++)
        {
            PutTag(
                !there.IsEmpty && there[i] == 0 ? PackedTag.Null : items[i] != 0 ? PackedTag.True : PackedTag.False, rows, ref places[i]);
        }
    }
}

internal sealed unsafe class IntegerWriter<T>(PackedTag packed) : VectorWriter
    where T : unmanaged, IBinaryInteger<T>
{
    protected override ColumnPacker? Packer { get; } = ColumnPacker.OfIntegers<T>(packed);

    protected override void WriteValue(ulong index, RowText row) => row.Formatted(Unsafe.ReadUnaligned<T>((T*)Data + index));

    protected override bool TryPack(ulong index, PackedValues values) => values.TryInteger(Unsafe.ReadUnaligned<T>((T*)Data + index), packed);
}

internal sealed unsafe class FloatWriter(PackedTag packed) : VectorWriter
{
    protected override ColumnPacker? Packer { get; } = ColumnPacker.OfSingles(packed);

    protected override void WriteValue(ulong index, RowText row) => NumberText.Float(row, ((float*)Data)[index]);

    protected override bool TryPack(ulong index, PackedValues values) => values.TryFloat(((float*)Data)[index], packed);

    /// <summary>What is not finite has quotes by itself.</summary>
    public override void WriteName(ulong index, RowText row) => DoubleWriter.WriteName(row, ((float*)Data)[index], this, index);
}

internal sealed unsafe class DoubleWriter(PackedTag packed) : VectorWriter
{
    protected override ColumnPacker? Packer { get; } = ColumnPacker.OfFloats(packed);

    protected override void WriteValue(ulong index, RowText row) => NumberText.Float(row, ((double*)Data)[index]);

    protected override bool TryPack(ulong index, PackedValues values) => values.TryFloat(((double*)Data)[index], packed);

    public override void WriteName(ulong index, RowText row) => WriteName(row, ((double*)Data)[index], this, index);

    internal static void WriteName(RowText row, double value, VectorWriter writer, ulong index)
    {
        ReadOnlySpan<byte> quote = double.IsFinite(value) ? "\""u8 : [];
        row.Literal(quote);
        writer.Write(index, row);
        row.Literal(quote);
    }
}

internal sealed unsafe class DecimalWriter(DuckDBType type, int scale, PackedTag packed) : VectorWriter
{
    protected override ColumnPacker? Packer { get; } = type switch
    {
        DuckDBType.SmallInt => ColumnPacker.OfDecimals<short>(scale, packed),
        DuckDBType.Integer => ColumnPacker.OfDecimals<int>(scale, packed),
        DuckDBType.BigInt => ColumnPacker.OfDecimals<long>(scale, packed),
        _ => ColumnPacker.OfDecimals<Int128>(scale, packed),
    };

    protected override void WriteValue(ulong index, RowText row) => NumberText.Decimal(row, At(index), scale);

    protected override bool TryPack(ulong index, PackedValues values) => values.TryDecimal(At(index), scale, packed);

    private Int128 At(ulong index) => type switch
    {
        DuckDBType.SmallInt => ((short*)Data)[index],
        DuckDBType.Integer => ((int*)Data)[index],
        DuckDBType.BigInt => ((long*)Data)[index],
        _ => Unsafe.ReadUnaligned<Int128>((Int128*)Data + index),
    };
}

/// <summary>What has quotes by itself: text, dates, times.</summary>
internal abstract class TextualWriter : VectorWriter
{
    public override void WriteName(ulong index, RowText row) => Write(index, row);
}

/// <summary>What a vector of bytes holds.</summary>
internal enum BytesKind
{
    Text,

    /// <summary>Anything, to be written in base64.</summary>
    Binary,

    /// <summary>JSON on one line.</summary>
    Json,
}

internal sealed unsafe class BytesWriter(BytesKind kind) : TextualWriter
{
    private const int InlineBytes = 12;

    protected override bool TryPack(ulong index, PackedValues values)
    {
        if (kind != BytesKind.Text)
        {
            return false;
        }

        values.Text(At(index));
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override bool TryMeasure(long first, Span<int> lengths)
    {
        if (kind != BytesKind.Text)
        {
            return false;
        }

        ReadOnlySpan<byte> there = FindNulls(first, lengths.Length);
        int* items = (int*)Data + (4 * first);
        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] = checked(lengths[i] + (there.IsEmpty || there[i] != 0 ? PackedValues.CountedHeadBytes + items[4 * i] : 1));
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
                PutText(At((ulong)(first + i)), rows, ref places[i]);
            }
            else
            {
                PutTag(PackedTag.Null, rows, ref places[i]);
            }
        }
    }

    /// <summary>duckdb_string_t: the length, then the bytes if they are few, else four of them and where they lie.</summary>
    private ReadOnlySpan<byte> At(ulong index)
    {
        byte* value = (byte*)Data + (index * 16);
        int length = *(int*)value;
        return new(length <= InlineBytes ? value + 4 : *(byte**)(value + 8), length);
    }

    protected override void WriteValue(ulong index, RowText row)
    {
        ReadOnlySpan<byte> bytes = At(index);
        switch (kind)
        {
            case BytesKind.Binary:
                row.Base64(bytes);
                break;
            case BytesKind.Json:
                row.Literal(bytes);
                break;
            default:
                row.Text(bytes);
                break;
        }
    }
}

internal sealed unsafe class UuidWriter : TextualWriter
{
    protected override void WriteValue(ulong index, RowText row)
    {
        // As a number of 128 bits whose sign is turned, so that they sort as their texts do.
        UInt128 value = (UInt128)Unsafe.ReadUnaligned<Int128>((Int128*)Data + index) ^ ((UInt128)1 << 127);
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        row.Put((byte)'"');
        row.Formatted(new Guid(bytes, bigEndian: true), "D");
        row.Put((byte)'"');
    }
}

internal sealed unsafe class EnumWriter(DuckDBType type, byte[][] labels) : TextualWriter
{
    protected override void WriteValue(ulong index, RowText row) => row.Text(labels[type switch
    {
        DuckDBType.UnsignedTinyInt => ((byte*)Data)[index],
        DuckDBType.UnsignedSmallInt => ((ushort*)Data)[index],
        _ => ((uint*)Data)[index],
    }]);
}

internal sealed unsafe class DateWriter(PackedTag packed) : TextualWriter
{
    protected override ColumnPacker? Packer { get; } = ColumnPacker.OfDates(packed);

    protected override bool TryPack(ulong index, PackedValues values) => packed == PackedTag.Date && values.TryDate(((int*)Data)[index]);

    protected override void WriteValue(ulong index, RowText row)
    {
        int days = ((int*)Data)[index];
        if (Math.Abs((long)days) == int.MaxValue)
        {
            ValueText.Infinity(row, days < 0);
        }
        else
        {
            ValueText.Date(row, days);
        }
    }
}

/// <param name="nanoseconds">Of one unit.</param>
internal sealed unsafe class TimeWriter(long nanoseconds) : TextualWriter
{
    protected override void WriteValue(ulong index, RowText row) => ValueText.Time(row, (Int128)((long*)Data)[index] * nanoseconds);
}

internal sealed unsafe class TimeWithZoneWriter : TextualWriter
{
    private const int OffsetBits = 24;
    private const int OffsetMax = (16 * 60 * 60) - 1;

    protected override void WriteValue(ulong index, RowText row)
    {
        ulong bits = ((ulong*)Data)[index];
        ValueText.TimeWithZone(row, (long)(bits >> OffsetBits), OffsetMax - (int)(bits & ((1 << OffsetBits) - 1)));
    }
}

/// <param name="nanoseconds">Of one unit.</param>
internal sealed unsafe class TimestampWriter(long nanoseconds, bool isInUtc, PackedTag packed) : TextualWriter
{
    protected override ColumnPacker? Packer { get; } = ColumnPacker.OfTimes(nanoseconds, isInUtc, packed);

    protected override bool TryPack(ulong index, PackedValues values) => values.TryTimestamp(((long*)Data)[index], nanoseconds, isInUtc, packed);

    protected override void WriteValue(ulong index, RowText row)
    {
        long value = ((long*)Data)[index];
        if (value is long.MaxValue or -long.MaxValue)
        {
            ValueText.Infinity(row, value < 0);
        }
        else if (nanoseconds == 1000)
        {
            ValueText.TimestampOfMicroseconds(row, value, isInUtc);
        }
        else
        {
            ValueText.Timestamp(row, (Int128)value * nanoseconds, isInUtc);
        }
    }
}

internal sealed unsafe class IntervalWriter : TextualWriter
{
    protected override void WriteValue(ulong index, RowText row)
    {
        byte* value = (byte*)Data + (index * 16);
        ValueText.Interval(row, *(int*)value, *(int*)(value + 4), *(long*)(value + 8) * 1000);
    }
}

/// <summary>Of a column that has no values.</summary>
internal sealed class NullWriter : VectorWriter
{
    protected override void WriteValue(ulong index, RowText row) => row.Null();
}
