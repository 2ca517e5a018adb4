namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>What has values of others in it.</summary>
internal abstract class NestedVector : ArrowVector
{
    public override bool IsNested => true;

    protected static void WriteItems(ArrowVector items, long first, long count, RowText row)
    {
        row.Put((byte)'[');
        for (long i = 0; i < count; i++)
        {
            if (i > 0)
            {
                row.Put((byte)',');
            }

            items.Write(first + i, row);
        }

        row.Put((byte)']');
    }
}

/// <summary>Lists, as JSON arrays.</summary>
internal sealed class ListVector(ArrowVector items, bool isLarge) : NestedVector
{
    private Offsets _offsets;

    protected override void BindBuffers(BatchCursor batch)
    {
        _offsets = Offsets.Take(batch, Length, isLarge);
        items.Bind(batch);
    }

    protected override void WriteValue(long index, RowText row)
    {
        long first = _offsets.At(index);
        WriteItems(items, first, _offsets.At(index + 1) - first, row);
    }
}

/// <summary>Lists that say where they begin and how long they are.</summary>
internal sealed class ListViewVector(ArrowVector items, bool isLarge) : NestedVector
{
    private ByteSlice _offsets;
    private ByteSlice _sizes;

    protected override void BindBuffers(BatchCursor batch)
    {
        _offsets = batch.TakeBuffer().Holding(Length, isLarge ? 64 : 32);
        _sizes = batch.TakeBuffer().Holding(Length, isLarge ? 64 : 32);
        items.Bind(batch);
    }

    protected override void WriteValue(long index, RowText row) => WriteItems(
        items,
        isLarge ? _offsets.Read<long>(index) : _offsets.Read<int>(index),
        isLarge ? _sizes.Read<long>(index) : _sizes.Read<int>(index),
        row);
}

/// <summary>Lists of one length.</summary>
internal sealed class FixedListVector(ArrowVector items, int count) : NestedVector
{
    protected override void BindBuffers(BatchCursor batch) => items.Bind(batch);

    protected override void WriteValue(long index, RowText row) => WriteItems(items, checked(index * count), count, row);
}

/// <summary>Structs, as JSON objects.</summary>
/// <param name="names">Of the members, each with what stands before its value.</param>
internal sealed class StructVector(byte[][] names, ArrowVector[] members) : NestedVector
{
    protected override void BindBuffers(BatchCursor batch) => Array.ForEach(members, member => member.Bind(batch));

    protected override void WriteValue(long index, RowText row)
    {
        row.Put((byte)'{');
        for (int i = 0; i < members.Length; i++)
        {
            row.Literal(names[i]);
            members[i].Write(index, row);
        }

        row.Put((byte)'}');
    }
}

/// <summary>The entries of a map, which are written by it.</summary>
internal sealed class EntriesVector(ArrowVector key, ArrowVector value) : NestedVector
{
    protected override void BindBuffers(BatchCursor batch)
    {
        key.Bind(batch);
        value.Bind(batch);
    }

    protected override void WriteValue(long index, RowText row)
    {
        if (!key.IsThere(index))
        {
            throw ArrowFaults.Damaged("a map has a key that is null");
        }

        key.WriteName(index, row);
        row.Put((byte)':');
        value.Write(index, row);
    }
}

/// <summary>Maps, as JSON objects: keys that are no text by their text.</summary>
internal sealed class MapVector(EntriesVector entries) : NestedVector
{
    private Offsets _offsets;

    protected override void BindBuffers(BatchCursor batch)
    {
        _offsets = Offsets.Take(batch, Length, isLarge: false);
        entries.Bind(batch);
    }

    protected override void WriteValue(long index, RowText row)
    {
        (long first, long end) = (_offsets.At(index), _offsets.At(index + 1));
        row.Put((byte)'{');
        for (long i = first; i < end; i++)
        {
            if (i > first)
            {
                row.Put((byte)',');
            }

            entries.Write(i, row);
        }

        row.Put((byte)'}');
    }
}
