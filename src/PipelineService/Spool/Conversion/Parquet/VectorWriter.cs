using DuckDB.NET.Native;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>Writes the values of one column, or of one part of nested ones, vector after vector.</summary>
internal abstract unsafe class VectorWriter : PackedColumn
{
    private ulong* _validity;

    /// <summary>Where the values of the vector lie.</summary>
    protected void* Data { get; private set; }

    /// <summary>Takes up the next vector.</summary>
    public virtual void Bind(IntPtr vector)
    {
        Data = NativeMethods.Vectors.DuckDBVectorGetData(vector);
        _validity = NativeMethods.Vectors.DuckDBVectorGetValidity(vector);
    }

    public void Write(ulong index, RowText row)
    {
        if (!IsThere(index))
        {
            row.Null();
        }
        else
        {
            WriteValue(index, row);
        }
    }

    public sealed override void Pack(long index, PackedValues values)
    {
        if (!IsThere((ulong)index))
        {
            values.Null();
        }
        else if (!TryPack((ulong)index, values))
        {
            WriteValue((ulong)index, values.BeginJson());
            values.EndJson();
        }
    }

    protected sealed override ReadOnlySpan<byte> ValidityOf(long rows) => new(_validity, _validity is null ? 0 : (int)((rows + 7) / 8));

    protected sealed override ReadOnlySpan<byte> ItemsOf(long first, int count, int itemBytes) =>
        new((byte*)Data + (first * itemBytes), count * itemBytes);

    public bool IsThere(ulong index) => _validity is null || ((_validity[index >> 6] >> (int)(index & 63)) & 1) != 0;

    /// <summary>Writes a value that is not null.</summary>
    protected abstract void WriteValue(ulong index, RowText row);

    /// <summary>Writes a value that is not null in a binary form, or as plain text.</summary>
    /// <returns>False where it has none that is wanted: then it is written as JSON.</returns>
    protected virtual bool TryPack(ulong index, PackedValues values) => false;

    /// <summary>Writes it as the name of a member of an object.</summary>
    public virtual void WriteName(ulong index, RowText row)
    {
        row.Put((byte)'"');
        Write(index, row);
        row.Put((byte)'"');
    }
}

/// <summary>Puts quotes around what has none: a number where text is wanted.</summary>
internal sealed class QuotedWriter(VectorWriter inner) : VectorWriter
{
    public override void Bind(IntPtr vector)
    {
        base.Bind(vector);
        inner.Bind(vector);
    }

    protected override void WriteValue(ulong index, RowText row) => inner.WriteName(index, row);
}
