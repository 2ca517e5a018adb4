using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing;

namespace PipelineService.Core.Encoding;

/// <summary>One encoded row: where its bytes start, and the record that it came from.</summary>
/// <param name="Offset">Where the row's bytes start in the buffer.</param>
/// <param name="Record">1-based number of the record in the upload.</param>
/// <param name="Line">1-based number of the physical line on which the record starts.</param>
/// <param name="RawStart">Where the record starts in the chunk's bytes.</param>
/// <param name="RawLength">Its length in bytes, without the line end.</param>
public readonly record struct RowMark(int Offset, long Record, long Line, int RawStart, int RawLength);

/// <summary>
/// The rows of one chunk in the form that PostgreSQL's binary COPY takes: header, rows, trailer, in one run of bytes.
/// A table of row offsets lets a row be left out and the rest be sent again without parsing twice.
/// </summary>
/// <remarks>
/// Owned by one worker, used again for chunk after chunk. Format: PostgreSQL documentation, COPY, "Binary Format"
/// (https://www.postgresql.org/docs/current/sql-copy.html).
/// </remarks>
public sealed class RowBuffer
{
    /// <summary>Signature (11 bytes), flags (4) and length of the header extension (4).</summary>
    public const int HeaderBytes = 19;

    private byte[] _bytes;
    private RowMark[] _marks = new RowMark[16];
    private int _length;
    private int _rowStart;

    public RowBuffer()
        : this(ParsingLimits.InitialBufferBytes)
    {
    }

    /// <summary>A buffer for a few values, which need not start with the room that a chunk needs.</summary>
    /// <param name="initialBytes">Room to start with; it grows.</param>
    public RowBuffer(int initialBytes)
    {
        _bytes = new byte[Math.Max(HeaderBytes + Trailer.Length, initialBytes)];
        Clear();
    }

    /// <summary>How many finished rows the buffer holds.</summary>
    public int Count { get; private set; }

    /// <summary>The finished rows, in the order of the data.</summary>
    public ReadOnlySpan<RowMark> Marks => _marks.AsSpan(0, Count);

    /// <summary>The start of a binary COPY: signature, no flags, no extension.</summary>
    public static ReadOnlySpan<byte> Header =>
    [
        (byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', (byte)'\n', 0xFF, (byte)'\r', (byte)'\n', 0,
        0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>The end of a binary COPY: a field count of −1.</summary>
    public static ReadOnlySpan<byte> Trailer => [0xFF, 0xFF];

    /// <summary>Header, rows and trailer: everything that one COPY sends.</summary>
    public ReadOnlyMemory<byte> CopyBytes
    {
        get
        {
            Ensure(2);
            Trailer.CopyTo(_bytes.AsSpan(_length));
            return _bytes.AsMemory(0, _length + 2);
        }
    }

    /// <summary>The bytes of the rows from <paramref name="first"/> on, without header and trailer.</summary>
    public ReadOnlyMemory<byte> RowBytes(int first, int count)
    {
        int start = first == Count ? _length : _marks[first].Offset;
        int end = first + count == Count ? _length : _marks[first + count].Offset;
        return _bytes.AsMemory(start, end - start);
    }

    /// <summary>The encoded value of a field of a finished row.</summary>
    /// <returns>False when it is NULL.</returns>
    public bool TryGetField(int row, int column, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> bytes = _bytes.AsSpan(_marks[row].Offset + sizeof(short));
        while (true)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes);
            bytes = bytes[sizeof(int)..];
            if (column-- == 0)
            {
                value = length < 0 ? default : bytes[..length];
                return length >= 0;
            }

            bytes = bytes[Math.Max(length, 0)..];
        }
    }

    public void Clear()
    {
        Header.CopyTo(_bytes);
        _length = HeaderBytes;
        _rowStart = HeaderBytes;
        Count = 0;
    }

    /// <summary>Starts a row of so many columns.</summary>
    public void BeginRow(short columns)
    {
        _rowStart = _length;
        WriteInt16(columns);
    }

    /// <summary>Drops the row that was begun: one of its fields was refused.</summary>
    public void CancelRow() => _length = _rowStart;

    /// <summary>Finishes the row that was begun.</summary>
    public void EndRow(long record, long line, int rawStart, int rawLength)
    {
        if (Count == _marks.Length)
        {
            Array.Resize(ref _marks, _marks.Length * 2);
        }

        _marks[Count++] = new RowMark(_rowStart, record, line, rawStart, rawLength);
    }

    /// <summary>Takes a finished row over from another buffer: <see cref="RowBytes"/> of one row.</summary>
    public void Append(ReadOnlySpan<byte> row, long record)
    {
        _rowStart = _length;
        row.CopyTo(GetSpan(row.Length));
        Advance(row.Length);
        EndRow(record, line: 0, rawStart: 0, rawLength: 0);
    }

    /// <summary>Room for at least so many bytes; <see cref="Advance"/> keeps what was written there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> GetSpan(int bytes)
    {
        Ensure(bytes);
        return _bytes.AsSpan(_length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(int bytes) => _length += bytes;

    /// <summary>A NULL: a length of −1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteNull() => WriteInt32(-1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(GetSpan(sizeof(short)), value);
        _length += sizeof(short);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(GetSpan(sizeof(int)), value);
        _length += sizeof(int);
    }

    /// <summary>
    /// Starts a field whose length shows when it has been written; <see cref="EndField"/> takes what this gives.
    /// </summary>
    public int BeginField()
    {
        WriteInt32(0);
        return _length;
    }

    /// <summary>Finishes the field that was begun.</summary>
    public void EndField(int start) =>
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(start - sizeof(int)), _length - start);

    /// <summary>Puts a number in the place of one that was written before it was known.</summary>
    internal void WriteInt32At(int position, int value) =>
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(position), value);

    /// <summary>Bytes of a field that was begun.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>How many bytes are written, those of an unfinished row included.</summary>
    public int Length => _length;

    /// <summary>What was written since the length was <paramref name="start"/>; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written(int start) => _bytes.AsSpan(start, _length - start);

    /// <summary>Drops what was written since the length was <paramref name="length"/>: a part of a row.</summary>
    public void Truncate(int length) => _length = length;

    /// <summary>A field of fixed size: its length, then the value in two's complement, big-endian.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void WriteIntegerField<T>(T value)
        where T : struct, IBinaryInteger<T>
    {
        Span<byte> span = GetSpan(sizeof(int) + Unsafe.SizeOf<T>());
        BinaryPrimitives.WriteInt32BigEndian(span, Unsafe.SizeOf<T>());

        // Not WriteBigEndian: that is a default interface method, which boxes the value.
        _ = value.TryWriteBigEndian(span[sizeof(int)..], out _);
        _length += sizeof(int) + Unsafe.SizeOf<T>();
    }

    /// <summary>A field of 8 bytes: its length, then the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt64Field(long value) => WriteIntegerField(value);

    /// <summary>A field of any bytes: its length, then the bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteBytesField(ReadOnlySpan<byte> value)
    {
        Span<byte> span = GetSpan(sizeof(int) + value.Length);
        BinaryPrimitives.WriteInt32BigEndian(span, value.Length);
        value.CopyTo(span[sizeof(int)..]);
        _length += sizeof(int) + value.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Ensure(int bytes)
    {
        if (_bytes.Length - _length < bytes)
        {
            Grow(bytes);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int bytes) =>
        Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max((long)_bytes.Length * 2, (long)_length + bytes)));
}
