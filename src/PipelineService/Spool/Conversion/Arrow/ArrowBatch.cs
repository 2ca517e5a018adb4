namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>Rows, column by column.</summary>
/// <param name="Length">How many.</param>
/// <param name="Nodes">Of each field and each part of one, in the order of the schema, its length and its number of nulls.</param>
/// <param name="Buffers">Those of all fields, in that order.</param>
/// <param name="Variadic">How many buffers of bytes each field has of which that is not given by its type.</param>
/// <param name="HasUnionNulls">Whether unions have a buffer of nulls, as up to version 4.</param>
internal sealed record ArrowBatch(long Length, (long Length, long Nulls)[] Nodes, ByteSlice[] Buffers, long[] Variadic, bool HasUnionNulls);

/// <summary>Deals the parts of a batch out to the columns, in their order.</summary>
internal sealed class BatchCursor(ArrowBatch batch)
{
    private int _node;
    private int _buffer;
    private int _variadic;

    public bool HasUnionNulls => batch.HasUnionNulls;

    public (long Length, long Nulls) TakeNode() => _node < batch.Nodes.Length
        ? batch.Nodes[_node++]
        : throw ArrowFaults.Damaged("a batch has not all columns of the schema");

    public ByteSlice TakeBuffer() => _buffer < batch.Buffers.Length
        ? batch.Buffers[_buffer++]
        : throw ArrowFaults.Damaged("a batch has not all buffers of its columns");

    public ByteSlice[] TakeVariadic()
    {
        long count = _variadic < batch.Variadic.Length ? batch.Variadic[_variadic++] : -1;
        if (count < 0 || count > batch.Buffers.Length - _buffer)
        {
            throw ArrowFaults.Damaged("a batch has not all buffers of its columns");
        }

        ByteSlice[] taken = batch.Buffers[_buffer..(_buffer + (int)count)];
        _buffer += (int)count;
        return taken;
    }

    /// <summary>What no column has would be lost.</summary>
    public void ThrowUnlessAllIsTaken()
    {
        if (_node != batch.Nodes.Length || _buffer != batch.Buffers.Length || _variadic != batch.Variadic.Length)
        {
            throw ArrowFaults.Damaged("a batch has more than the columns of the schema");
        }
    }
}
