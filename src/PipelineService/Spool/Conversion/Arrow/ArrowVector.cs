using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>Writes the values of one column, or of one part of nested ones, batch after batch.</summary>
internal abstract class ArrowVector : PackedColumn
{
    private ByteSlice _validity;
    private bool _mayHaveNulls;
    private long _length;

    public virtual long Length => _length;

    /// <summary>Whether its values have quotes by themselves: text, dates, times.</summary>
    public virtual bool IsTextual => false;

    /// <summary>Whether its values are arrays or objects.</summary>
    public virtual bool IsNested => false;

    /// <summary>Whether it has a buffer that says which values are null.</summary>
    protected virtual bool HasValidity => true;

    /// <summary>Takes up the next batch.</summary>
    public virtual void Bind(BatchCursor batch)
    {
        (_length, long nulls) = batch.TakeNode();
        if (_length < 0)
        {
            throw ArrowFaults.Damaged("a column has less than no values");
        }

        _validity = HasValidity ? batch.TakeBuffer() : default;
        _mayHaveNulls = HasValidity && nulls != 0 && Length > 0 && _validity.Length > 0;
        if (_mayHaveNulls)
        {
            _validity.Holding(Length, itemBits: 1);
        }
        else if (HasValidity && nulls > 0)
        {
            throw ArrowFaults.Damaged("a column has nulls, and does not say which");
        }

        BindBuffers(batch);
    }

    /// <summary>Its own buffers, then those of its parts.</summary>
    protected virtual void BindBuffers(BatchCursor batch)
    {
    }

    public void Write(long index, RowText row)
    {
        if (IsThere(index))
        {
            WriteValue(index, row);
        }
        else
        {
            row.Null();
        }
    }

    public sealed override void Pack(long index, PackedValues values)
    {
        if (!IsThere(index))
        {
            values.Null();
        }
        else if (!TryPack(index, values))
        {
            WriteValue(index, values.BeginJson());
            values.EndJson();
        }
    }

    protected sealed override ReadOnlySpan<byte> ValidityOf(long rows) => rows > _length
        ? throw ArrowFaults.Damaged("a value leads out of its column")
        : _mayHaveNulls ? _validity.Part(0, (rows + 7) / 8)
        : default;

    protected override ReadOnlySpan<byte> ItemsOf(long first, int count, int itemBytes) =>
        throw new InvalidOperationException("Its values do not lie side by side.");

    public virtual bool IsThere(long index) => (ulong)index < (ulong)_length
        ? !_mayHaveNulls || _validity.Bit(index)
        : throw ArrowFaults.Damaged("a value leads out of its column");

    /// <summary>Writes a value that is not null.</summary>
    protected abstract void WriteValue(long index, RowText row);

    /// <summary>Writes a value that is not null in a binary form, or as plain text.</summary>
    /// <returns>False where it has none that is wanted: then it is written as JSON.</returns>
    protected virtual bool TryPack(long index, PackedValues values) => false;

    /// <summary>
    /// Writes a value that is not null, and neither an array nor an object, as text: also as the name of a member of an object.
    /// </summary>
    public virtual void WriteName(long index, RowText row)
    {
        if (IsTextual)
        {
            WriteValue(index, row);
            return;
        }

        row.Put((byte)'"');
        WriteValue(index, row);
        row.Put((byte)'"');
    }
}

/// <summary>Of a column that has no values.</summary>
internal sealed class NullVector : ArrowVector
{
    protected override bool HasValidity => false;

    public override bool IsThere(long index) => false;

    protected override void WriteValue(long index, RowText row) => row.Null();
}

/// <summary>Puts quotes around what has none: a number where text is wanted.</summary>
internal sealed class QuotedVector(ArrowVector inner) : ArrowVector
{
    public override long Length => inner.Length;

    public override void Bind(BatchCursor batch) => inner.Bind(batch);

    public override bool IsThere(long index) => inner.IsThere(index);

    protected override void WriteValue(long index, RowText row) => inner.WriteName(index, row);
}
