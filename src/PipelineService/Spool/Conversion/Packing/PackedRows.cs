using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion.Packing;

/// <summary>
/// Writes what a file says as the service reads it: the names, then rows. They are packed some hundred together, column by column: so many
/// as stay in the nearest cache while one column after the other is laid into them.
/// </summary>
internal sealed class PackedRows(Stream output)
{
    /// <summary>Rows that are packed together.</summary>
    public const int TogetherMax = 256;

    private const int FlushBytes = 256 << 10;

    private readonly int[] _lengths = new int[TogetherMax];
    private readonly int[] _places = new int[TogetherMax];
    private byte[] _buffer = new byte[2 * FlushBytes];
    private int _length;
    private int _together = TogetherMax;

    /// <summary>Before the first row.</summary>
    public void Names(IEnumerable<string> names)
    {
        RowText text = new(Stream.Null);
        text.Names(names);
        Room(1 + text.Written.Length)[0] = PackedText.FileMark;
        text.Written.CopyTo(_buffer.AsSpan(_length + 1));
        _length += 1 + text.Written.Length;
    }

    /// <summary>Writes the first rows that columns have at hand.</summary>
    public void Write(ReadOnlySpan<PackedColumn> columns, long count)
    {
        for (long first = 0; first < count;)
        {
            int written = WriteTogether(columns, first, (int)Math.Min(_together, count - first));
            first += written;
            _together = Math.Min(TogetherMax, 2 * written); // of long ones fewer are looked at, which are looked at again
            if (_length >= FlushBytes)
            {
                Flush();
            }
        }
    }

    public void Flush()
    {
        output.Write(_buffer, 0, _length);
        _length = 0;
    }

    /// <returns>How many were written, one at least.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int WriteTogether(ReadOnlySpan<PackedColumn> columns, long first, int count)
    {
        Span<int> lengths = _lengths.AsSpan(0, count);
        lengths.Fill(PackedText.LengthBytes);
        foreach (PackedColumn column in columns)
        {
            count = column.Measure(first, lengths[..count]);
        }

        (int rows, int bytes) = (0, 0);
        while (rows < count && (rows == 0 || lengths[rows] <= FlushBytes - bytes))
        {
            _places[rows] = bytes + PackedText.LengthBytes;
            bytes += lengths[rows++];
        }

        Span<byte> room = Room(bytes);
        for (int i = 0; i < rows; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(room[(_places[i] - PackedText.LengthBytes)..], lengths[i] - PackedText.LengthBytes);
        }

        foreach (PackedColumn column in columns)
        {
            column.Write(first, room, _places.AsSpan(0, rows));
        }

        _length += bytes;
        return rows;
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, checked((int)Math.Min(Array.MaxLength, Math.Max((long)_length + bytes, 2L * _buffer.Length))));
        }

        return _buffer.AsSpan(_length, bytes);
    }
}
