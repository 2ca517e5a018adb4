using DuckDB.NET.Native;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>Writes the values of one column, or of one part of nested ones, vector after vector.</summary>
internal abstract unsafe class VectorWriter
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

    /// <summary>Writes it as a value of a row.</summary>
    public void Pack(ulong index, PackedRows rows)
    {
        if (!IsThere(index))
        {
            rows.Null();
        }
        else if (!TryPack(index, rows))
        {
            WriteValue(index, rows.BeginJson());
            rows.EndJson();
        }
    }

    public bool IsThere(ulong index) => _validity is null || ((_validity[index >> 6] >> (int)(index & 63)) & 1) != 0;

    /// <summary>Writes a value that is not null.</summary>
    protected abstract void WriteValue(ulong index, RowText row);

    /// <summary>Writes a value that is not null in a binary form, or as plain text.</summary>
    /// <returns>False where it has none that is wanted: then it is written as JSON.</returns>
    protected virtual bool TryPack(ulong index, PackedRows rows) => false;

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
