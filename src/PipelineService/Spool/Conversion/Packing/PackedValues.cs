using System.Buffers.Binary;
using System.Numerics;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion.Packing;

/// <summary>
/// Packs values one behind the other: in the form in which they are stored where the dataset takes that, else as text or JSON. Of text the
/// bytes are taken as they are: whether they are UTF-8 is asked where each record is judged.
/// </summary>
internal sealed class PackedValues
{
    /// <summary>Of a text and of JSON what stands before it: the tag and the length.</summary>
    public const int CountedHeadBytes = 1 + sizeof(int);

    private const int FirstBytes = 256;

    private readonly RowText _text = new(Stream.Null);
    private byte[] _buffer = new byte[FirstBytes];

    /// <summary>Bytes that are written.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>Forgets what was written, and gives up the room for it when that is more than is usual.</summary>
    public void Clear(int bytesKept)
    {
        Length = 0;
        if (_buffer.Length > bytesKept)
        {
            _buffer = new byte[FirstBytes];
        }
    }

    public void Null() => Head(PackedTag.Null, 0);

    public void Bool(bool value) => Head(value ? PackedTag.True : PackedTag.False, 0);

    public void Text(ReadOnlySpan<byte> text) => Counted(PackedTag.Text, text);

    /// <param name="value">The number.</param>
    /// <param name="wanted">The form in which it is taken.</param>
    /// <returns>False where it is not taken as it is: it is told as text.</returns>
    public bool TryInteger<T>(T value, PackedTag wanted)
        where T : unmanaged, IBinaryInteger<T> => wanted switch
        {
            PackedTag.Integer => TryPut(value, default(IntegerForm<T>)),
            PackedTag.Decimal => TryPut(value, new DecimalForm<T>(0)),
            _ => false,
        };

    /// <param name="digits">The number without its point.</param>
    /// <param name="scale">Digits behind the point.</param>
    /// <inheritdoc cref="TryInteger"/>
    public bool TryDecimal(Int128 digits, int scale, PackedTag wanted) =>
        wanted == PackedTag.Decimal && DecimalForm.IsScale(scale) && TryPut(digits, new DecimalForm<Int128>((byte)scale));

    /// <inheritdoc cref="TryInteger"/>
    public bool TryFloat(double value, PackedTag wanted) => wanted == PackedTag.Float && TryPut(value, default(FloatForm));

    /// <inheritdoc cref="TryInteger"/>
    /// <remarks>Not as the nearest double: that has other digits.</remarks>
    public bool TryFloat(float value, PackedTag wanted) => wanted == PackedTag.Single && TryPut(value, default(SingleForm));

    /// <param name="days">Since 1970-01-01.</param>
    /// <returns>False for a day that no record is loaded with: it is told as text.</returns>
    public bool TryDate(int days) => TryPut(days, default(DateForm));

    /// <param name="value">Since 1970-01-01T00:00.</param>
    /// <param name="nanoseconds">Of one unit.</param>
    /// <param name="isInUtc">Whether it is a moment, and not what clocks show somewhere.</param>
    /// <param name="wanted">The form in which it is taken.</param>
    /// <returns>False for what no record is loaded with, a day or a part of a microsecond: it is told as text.</returns>
    public bool TryTimestamp(long value, long nanoseconds, bool isInUtc, PackedTag wanted) =>
        TimeForm.TagOf(isInUtc, wanted) is var tag and not PackedTag.Null
        && (nanoseconds == 1 ? TryPut(value, new NanosecondForm(tag)) : TryPut(value, new TimeForm(tag, nanoseconds)));

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

    private bool TryPut<T, TForm>(T value, TForm form)
        where T : unmanaged
        where TForm : struct, IPackedForm<T>
    {
        if (!form.Fits(value))
        {
            return false;
        }

        form.Write(value, Head(form.Tag, TForm.Bytes));
        return true;
    }

    private void Counted(PackedTag tag, ReadOnlySpan<byte> bytes)
    {
        Span<byte> room = Head(tag, sizeof(int) + bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(room, bytes.Length);
        bytes.CopyTo(room[sizeof(int)..]);
    }

    /// <summary>Writes a tag, and makes room for what is behind it.</summary>
    private Span<byte> Head(PackedTag tag, int bytes)
    {
        int end = checked(Length + 1 + bytes);
        if (_buffer.Length < end)
        {
            Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, Math.Max(end, 2L * _buffer.Length)));
        }

        _buffer[Length] = (byte)tag;
        Span<byte> room = _buffer.AsSpan(Length + 1, bytes);
        Length = end;
        return room;
    }
}
