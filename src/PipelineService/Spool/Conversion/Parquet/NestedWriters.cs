using DuckDB.NET.Native;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>Lists, as JSON arrays.</summary>
internal sealed unsafe class ListWriter(VectorWriter item) : VectorWriter
{
    public override void Bind(IntPtr vector)
    {
        base.Bind(vector);
        item.Bind(NativeMethods.Vectors.DuckDBListVectorGetChild(vector));
    }

    protected override void WriteValue(ulong index, RowText row)
    {
        ulong* entry = (ulong*)Data + (2 * index);
        Items(item, entry[0], entry[1], row);
    }

    public static void Items(VectorWriter item, ulong first, ulong count, RowText row)
    {
        row.Put((byte)'[');
        for (ulong i = 0; i < count; i++)
        {
            if (i > 0)
            {
                row.Put((byte)',');
            }

            item.Write(first + i, row);
        }

        row.Put((byte)']');
    }
}

/// <summary>Lists of one length.</summary>
internal sealed class ArrayWriter(VectorWriter item, ulong length) : VectorWriter
{
    public override void Bind(IntPtr vector)
    {
        base.Bind(vector);
        item.Bind(NativeMethods.Vectors.DuckDBArrayVectorGetChild(vector));
    }

    protected override void WriteValue(ulong index, RowText row) => ListWriter.Items(item, index * length, length, row);
}

/// <summary>Structs, as JSON objects.</summary>
/// <param name="names">Of the members, each with what stands before its value.</param>
internal sealed class StructWriter(byte[][] names, VectorWriter[] members) : VectorWriter
{
    public override void Bind(IntPtr vector)
    {
        base.Bind(vector);
        for (int i = 0; i < members.Length; i++)
        {
            members[i].Bind(NativeMethods.Vectors.DuckDBStructVectorGetChild(vector, i));
        }
    }

    protected override void WriteValue(ulong index, RowText row)
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

/// <summary>Maps, as JSON objects: keys that are no text by their text.</summary>
internal sealed unsafe class MapWriter(VectorWriter key, VectorWriter value) : VectorWriter
{
    public override void Bind(IntPtr vector)
    {
        base.Bind(vector);
        IntPtr entries = NativeMethods.Vectors.DuckDBListVectorGetChild(vector);
        key.Bind(NativeMethods.Vectors.DuckDBStructVectorGetChild(entries, 0));
        value.Bind(NativeMethods.Vectors.DuckDBStructVectorGetChild(entries, 1));
    }

    protected override void WriteValue(ulong index, RowText row)
    {
        ulong* entry = (ulong*)Data + (2 * index);
        row.Put((byte)'{');
        for (ulong i = entry[0]; i < entry[0] + entry[1]; i++)
        {
            if (i > entry[0])
            {
                row.Put((byte)',');
            }

            key.WriteName(i, row);
            row.Put((byte)':');
            value.Write(i, row);
        }

        row.Put((byte)'}');
    }
}
