using System.Runtime.InteropServices;
using System.Text;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Array = System.Array;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Arrow IPC, made by the library of its project of values that are given as they lie in memory.</summary>
internal static class ArrowSample
{
    public const string Stream = "application/vnd.apache.arrow.stream";
    public const string File = "application/vnd.apache.arrow.file";

    /// <summary>Values of numbers, each there but the last of several, which is null.</summary>
    public static ArrayData Of<T>(IArrowType type, params T[] values)
        where T : struct => new(type, values.Length, NullsOf(values.Length), 0, [Validity(values.Length), Numbers(values)]);

    /// <summary>The same of texts, or of bytes by their texts.</summary>
    public static ArrayData OfTexts(IArrowType type, params string[] values)
    {
        byte[][] texts = [.. values.Select(Encoding.UTF8.GetBytes)];
        int[] offsets = new int[texts.Length + 1];
        for (int i = 0; i < texts.Length; i++)
        {
            offsets[i + 1] = offsets[i] + texts[i].Length;
        }

        return new ArrayData(type, values.Length, NullsOf(values.Length), 0, [Validity(values.Length), Numbers(offsets), Bytes(texts)]);
    }

    /// <summary>The same of values that are made of others.</summary>
    public static ArrayData Nested(IArrowType type, int length, int[] offsets, params ArrayData[] children) =>
        new(type, length, NullsOf(length), 0, offsets.Length == 0 ? [Validity(length)] : [Validity(length), Numbers(offsets)], children);

    public static ArrowBuffer Numbers<T>(params T[] values)
        where T : struct => new(MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>Batches of the same columns.</summary>
    /// <param name="contentType">A stream, or a file.</param>
    /// <param name="codec">How buffers are compressed; null for not at all.</param>
    public static byte[] Write(string contentType, CompressionCodecType? codec, params (string Name, ArrayData Values)[][] batches)
    {
        using MemoryStream to = new();
        IpcOptions options = new() { CompressionCodec = codec, CompressionCodecFactory = new CompressionCodecFactory() };
        Schema schema = new(batches[0].Select(column => new Field(column.Name, column.Values.DataType, nullable: true)), metadata: null);
        using (ArrowStreamWriter writer = contentType == File
            ? new ArrowFileWriter(to, schema, leaveOpen: true, options)
            : new ArrowStreamWriter(to, schema, leaveOpen: true, options))
        {
            foreach ((string Name, ArrayData Values)[] batch in batches)
            {
                using RecordBatch rows = new(schema, batch.Select(column => ArrowArrayFactory.BuildArray(column.Values)), batch[0].Values.Length);
                writer.WriteRecordBatch(rows);
            }

            writer.WriteEnd();
        }

        return to.ToArray();
    }

    /// <summary>Batches of two columns: <c>id</c>, counted, and <c>note</c>, which is <c>n</c> and that.</summary>
    public static byte[] Ids(string contentType, CompressionCodecType? codec, int rows, int rowsOfBatch) => Write(
        contentType, codec, [.. Enumerable.Range(0, (rows + rowsOfBatch - 1) / rowsOfBatch).Select(batch =>
        {
            int[] ids = [.. Enumerable.Range((batch * rowsOfBatch) + 1, Math.Min(rowsOfBatch, rows - (batch * rowsOfBatch)))];
            return new[] { ("id", AllThere(Of(Int32Type.Default, ids))), ("note", AllThere(OfTexts(StringType.Default, [.. ids.Select(id => $"n{id}")]))) };
        })]);

    /// <summary>The records of CSV with a header, all of them text.</summary>
    public static byte[] OfCsv(byte[] csv)
    {
        string[][] records = [.. Encoding.UTF8.GetString(csv).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(','))];
        return Write(
            Stream,
            CompressionCodecType.Lz4Frame,
            [.. records[1..].Chunk(2_000).DefaultIfEmpty([]).Select(batch => records[0]
                .Select((name, i) => (name, AllThere(OfTexts(StringType.Default, [.. batch.Select(record => record[i])]))))
                .ToArray())]);
    }

    public static ArrayData AllThere(ArrayData values) =>
        new(values.DataType, values.Length, 0, 0, [ArrowBuffer.Empty, .. values.Buffers[1..]], values.Children, values.Dictionary);

    private static int NullsOf(int count) => count > 1 ? 1 : 0;

    private static ArrowBuffer Validity(int count)
    {
        byte[] bits = new byte[(count + 7) / 8];
        Array.Fill(bits, byte.MaxValue);
        if (count > 1)
        {
            bits[(count - 1) / 8] &= (byte)~(1 << ((count - 1) % 8));
        }

        return new ArrowBuffer(bits);
    }

    private static ArrowBuffer Bytes(byte[][] values) => new(values.SelectMany(value => value).ToArray());
}
