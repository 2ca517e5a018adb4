using System.Buffers;
using System.Globalization;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// Writes what a file says as the service reads it: a JSON array of names on the first line, and one of values for each row. Of text
/// the bytes are taken as they are: whether they are UTF-8 is asked where each record is judged.
/// </summary>
/// <param name="output">Takes them; <see cref="Stream.Null"/> where the text is looked at and forgotten.</param>
internal sealed class RowText(Stream output)
{
    private const int FlushBytes = 256 << 10;
    private const int FirstBytes = 4 << 10;
    private const int EscapedBytesMax = 6;

    /// <summary>What cannot stand in a JSON string.</summary>
    private static readonly SearchValues<byte> Special = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (byte)c), (byte)'"', (byte)'\\']);

    private byte[] _buffer = new byte[output == Stream.Null ? FirstBytes : 2 * FlushBytes];
    private int _length;
    private bool _isFirst;

    /// <summary>What is not flushed yet.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void BeginRow()
    {
        Put((byte)'[');
        _isFirst = true;
    }

    /// <summary>Before each value of a row.</summary>
    public void BeginValue()
    {
        if (!_isFirst)
        {
            Put((byte)',');
        }

        _isFirst = false;
    }

    public void EndRow()
    {
        Literal("]\n"u8);
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

    /// <summary>Forgets what is not flushed yet.</summary>
    public void Clear() => _length = 0;

    /// <summary>The names, as a row.</summary>
    public void Names(IEnumerable<string> names)
    {
        BeginRow();
        foreach (string name in names)
        {
            BeginValue();
            Text(System.Text.Encoding.UTF8.GetBytes(name));
        }

        EndRow();
    }

    /// <summary>A row that is no record, so that those behind it keep their numbers.</summary>
    public void Blank() => Put((byte)'\n');

    public void Null() => Literal("null"u8);

    public void Bool(bool value) => Literal(value ? "true"u8 : "false"u8);

    public void Put(byte value) => Room(1)[_length++] = value;

    public void Literal(ReadOnlySpan<byte> json)
    {
        json.CopyTo(Room(json.Length).AsSpan(_length));
        _length += json.Length;
    }

    /// <summary>A value whose text needs no quotes in JSON, or no escapes inside of quotes.</summary>
    public void Formatted<T>(T value, ReadOnlySpan<char> format = default)
        where T : IUtf8SpanFormattable
    {
        const int BytesMax = 64;
        value.TryFormat(Room(BytesMax).AsSpan(_length), out int written, format, CultureInfo.InvariantCulture);
        _length += written;
    }

    /// <summary>So many digits, with zeros in front.</summary>
    public void Digits(ulong value, int count)
    {
        Span<byte> digits = Room(count).AsSpan(_length, count);
        for (int i = count - 1; i >= 0; i--)
        {
            (value, ulong digit) = Math.DivRem(value, 10);
            digits[i] = (byte)('0' + digit);
        }

        _length += count;
    }

    public void Text(ReadOnlySpan<byte> text)
    {
        Span<byte> room = Room(text.Length + 2).AsSpan(_length);
        room[0] = (byte)'"';
        int special = text.IndexOfAny(Special);
        if (special < 0)
        {
            text.CopyTo(room[1..]);
            room[text.Length + 1] = (byte)'"';
            _length += text.Length + 2;
            return;
        }

        _length++;
        while (special >= 0)
        {
            Literal(text[..special]);
            Escape(text[special]);
            text = text[(special + 1)..];
            special = text.IndexOfAny(Special);
        }

        Literal(text);
        Put((byte)'"');
    }

    public void Base64(ReadOnlySpan<byte> bytes)
    {
        Put((byte)'"');
        int length = System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length);
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, Room(length).AsSpan(_length), out _, out int written);
        _length += written;
        Put((byte)'"');
    }

    private void Escape(byte value)
    {
        Room(EscapedBytesMax);
        if (value is (byte)'"' or (byte)'\\')
        {
            Put((byte)'\\');
            Put(value);
            return;
        }

        Literal("\\u00"u8);
        Put((byte)(value >> 4 == 0 ? '0' : '1'));
        Put("0123456789abcdef"u8[value & 0xF]);
    }

    private byte[] Room(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, checked((int)Math.Min(Array.MaxLength, Math.Max((long)_length + bytes, 2L * _buffer.Length))));
        }

        return _buffer;
    }
}
