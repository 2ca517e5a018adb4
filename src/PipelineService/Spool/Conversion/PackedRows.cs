using System.Buffers.Binary;
using System.Numerics;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// Writes what a file says as the service reads it: the names, then rows whose values are in the form in which they are stored, where the
/// dataset takes that, else text or JSON. Of text the bytes are taken as they are: whether they are UTF-8 is asked where each record is
/// judged.
/// </summary>
internal sealed class PackedRows(Stream output)
{
    private const int FlushBytes = 256 << 10;
    private const int DayMin = -719_162; // 0001-01-01, of 1970-01-01
    private const int DayEnd = 2_932_897; // 10000-01-01
    private const int EpochDays = 10_957; // 2000-01-01
    private const long MicrosecondsPerDay = 86_400_000_000;
    private const int NanosecondsPerMicrosecond = 1000;
    private const int ScaleMax = 38;

    private readonly RowText _text = new(Stream.Null);
    private byte[] _buffer = new byte[2 * FlushBytes];
    private int _length;
    private int _row;

    /// <summary>Before the first row.</summary>
    public void Names(IEnumerable<string> names)
    {
        _text.Clear();
        _text.Names(names);
        Append([PackedText.FileMark]);
        Append(_text.Written);
    }

    public void BeginRow()
    {
        _row = _length;
        Append([0, 0, 0, 0]);
    }

    public void EndRow()
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_row), _length - _row - PackedText.LengthBytes);
        if (_length >= FlushBytes)
        {
            Flush();
        }
    }

    public void Flush()
    {
        output.Write(_buffer, 0, _length);
        _length = 0;
    }

    public void Null() => Head(PackedTag.Null, 0);

    public void Bool(bool value) => Head(value ? PackedTag.True : PackedTag.False, 0);

    public void Text(ReadOnlySpan<byte> text) => Counted(PackedTag.Text, text);

    /// <param name="value">The number.</param>
    /// <param name="wanted">The form in which it is taken.</param>
    /// <returns>False where it is not taken as it is: it is told as text.</returns>
    public bool TryInteger<T>(T value, PackedTag wanted)
        where T : unmanaged, IBinaryInteger<T>
    {
        long number = long.CreateTruncating(value);
        if (T.CreateTruncating(number) != value || T.IsNegative(value) != long.IsNegative(number))
        {
            return false;
        }

        if (wanted != PackedTag.Integer)
        {
            return TryDecimal(number, scale: 0, wanted);
        }

        BinaryPrimitives.WriteInt64LittleEndian(Head(PackedTag.Integer, sizeof(long)), number);
        return true;
    }

    /// <param name="digits">The number without its point.</param>
    /// <param name="scale">Digits behind the point.</param>
    /// <inheritdoc cref="TryInteger"/>
    public bool TryDecimal(Int128 digits, int scale, PackedTag wanted)
    {
        if (wanted != PackedTag.Decimal || digits < -long.MaxValue || digits > long.MaxValue || scale is < 0 or > ScaleMax)
        {
            return false;
        }

        Span<byte> room = Head(PackedTag.Decimal, sizeof(long) + 1);
        BinaryPrimitives.WriteInt64LittleEndian(room, (long)digits);
        room[sizeof(long)] = (byte)scale;
        return true;
    }

    /// <inheritdoc cref="TryInteger"/>
    public bool TryFloat(double value, PackedTag wanted)
    {
        if (wanted != PackedTag.Float || !double.IsFinite(value))
        {
            return false;
        }

        BinaryPrimitives.WriteDoubleLittleEndian(Head(PackedTag.Float, sizeof(double)), value);
        return true;
    }

    /// <inheritdoc cref="TryInteger"/>
    /// <remarks>Not as the nearest double: that has other digits.</remarks>
    public bool TryFloat(float value, PackedTag wanted)
    {
        if (wanted != PackedTag.Single || !float.IsFinite(value))
        {
            return false;
        }

        BinaryPrimitives.WriteSingleLittleEndian(Head(PackedTag.Single, sizeof(float)), value);
        return true;
    }

    /// <param name="days">Since 1970-01-01.</param>
    /// <returns>False for a day that no record is loaded with: it is told as text.</returns>
    public bool TryDate(long days)
    {
        if (days is < DayMin or >= DayEnd)
        {
            return false;
        }

        BinaryPrimitives.WriteInt32LittleEndian(Head(PackedTag.Date, sizeof(int)), (int)days - EpochDays);
        return true;
    }

    /// <param name="value">Since 1970-01-01T00:00.</param>
    /// <param name="nanoseconds">Of one unit.</param>
    /// <param name="isInUtc">Whether it is a moment, and not what clocks show somewhere.</param>
    /// <param name="wanted">The form in which it is taken.</param>
    /// <returns>False for what no record is loaded with, a day or a part of a microsecond: it is told as text.</returns>
    public bool TryTimestamp(long value, long nanoseconds, bool isInUtc, PackedTag wanted)
    {
        if (wanted != PackedTag.Instant && (isInUtc || wanted != PackedTag.LocalDateTime))
        {
            return false; // a moment is no time of a place
        }

        Int128 microseconds = value;
        if (nanoseconds != NanosecondsPerMicrosecond)
        {
            (microseconds, Int128 rest) = Int128.DivRem(microseconds * nanoseconds, NanosecondsPerMicrosecond);
            if (rest != 0)
            {
                return false;
            }
        }

        if (microseconds < DayMin * MicrosecondsPerDay || microseconds >= DayEnd * MicrosecondsPerDay)
        {
            return false;
        }

        Span<byte> room = Head(isInUtc ? PackedTag.Instant : PackedTag.LocalDateTime, sizeof(long));
        BinaryPrimitives.WriteInt64LittleEndian(room, (long)microseconds - (EpochDays * MicrosecondsPerDay));
        return true;
    }

    /// <summary>Where a value is written as JSON, to be taken in by <see cref="EndJson"/>.</summary>
    public RowText BeginJson()
    {
        _text.Clear();
        return _text;
    }

    /// <summary>Takes in what was written: a text without escapes as it is.</summary>
    public void EndJson()
    {
        ReadOnlySpan<byte> json = _text.Written;
        if (json.SequenceEqual("null"u8))
        {
            Null();
        }
        else if (json is [(byte)'"', .. var text, (byte)'"'] && !text.Contains((byte)'\\'))
        {
            Text(text);
        }
        else
        {
            Counted(PackedTag.Json, json);
        }
    }

    private void Counted(PackedTag tag, ReadOnlySpan<byte> bytes)
    {
        Span<byte> room = Head(tag, sizeof(int) + bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(room, bytes.Length);
        bytes.CopyTo(room[sizeof(int)..]);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>Writes a tag, and makes room for what is behind it.</summary>
    private Span<byte> Head(PackedTag tag, int bytes)
    {
        Span<byte> room = Room(1 + bytes);
        room[0] = (byte)tag;
        _length += 1 + bytes;
        return room[1..];
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
