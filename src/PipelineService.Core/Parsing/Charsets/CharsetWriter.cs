using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using PipelineService.Core.Datasets;
using Charset = System.Text.Encoding;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>
/// Writes UTF-8 in another encoding: what goes back to who sends data in that. Bytes that are no UTF-8 are what was no character when it
/// came (<see cref="WrongBytes.Undo"/>), and stand there again as they were.
/// </summary>
public sealed class CharsetWriter
{
    private const byte Unknown = (byte)'?';
    private const char LoneSurrogate = '\uD800';

    private readonly ArrayBufferWriter<byte> _written = new();
    private readonly TextEncoding _encoding;
    private readonly Charset? _table;
    private readonly bool _isBig;

    /// <param name="encoding">Text with a mark is written with the lower byte first, as nearly all of it is.</param>
    public CharsetWriter(TextEncoding encoding)
    {
        _encoding = encoding;
        _isBig = encoding.Kind == EncodingKind.Utf16Big;
        if (!encoding.IsUnicode)
        {
            Charset table = CodePagesEncodingProvider.Instance.GetEncoding(encoding.CodePage) ?? Charset.GetEncoding(encoding.CodePage);
            _table = (Charset)table.Clone();
            _table.EncoderFallback = new EncoderReplacementFallback("\0");
        }
    }

    /// <summary>Whether text in the encoding begins with a byte order mark in any case.</summary>
    public bool NeedsMark => _encoding.Kind == EncodingKind.Utf16Marked;

    /// <summary>Whether it may begin with one.</summary>
    public bool MayHaveMark => _encoding.IsUnicode;

    /// <summary>The byte order mark.</summary>
    public ReadOnlyMemory<byte> Mark => Write(ByteOrderMark.Utf8, out _);

    /// <summary>Writes whole characters.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="isAll">Whether the encoding has all of them; others are question marks.</param>
    /// <returns>Valid until the next call.</returns>
    public ReadOnlyMemory<byte> Write(ReadOnlySpan<byte> text, out bool isAll)
    {
        isAll = true;
        _written.ResetWrittenCount();
        while (!text.IsEmpty)
        {
            int plain = _encoding.IsUtf8 ? text.Length : _encoding.IsUtf16 ? 0 : text.IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
            plain = plain < 0 ? text.Length : plain;
            _written.Write(text[..plain]);
            text = text[plain..];
            if (text.IsEmpty)
            {
                break;
            }

            bool isWrong = Rune.DecodeFromUtf8(text, out Rune rune, out int bytes) != OperationStatus.Done;
            if (isWrong)
            {
                bytes = WriteWrong(text);
            }
            else
            {
                isAll &= TryWrite(rune);
            }

            text = text[bytes..];
        }

        return _written.WrittenMemory;
    }

    private bool TryWrite(Rune rune)
    {
        Span<char> units = stackalloc char[2];
        units = units[..rune.EncodeToUtf16(units)];
        if (_table is null)
        {
            foreach (char unit in units)
            {
                WriteUnit(unit);
            }

            return true;
        }

        Span<byte> room = stackalloc byte[8];
        room = room[.._table.GetBytes(units, room)];
        bool isKnown = !room.IsEmpty && !room.Contains((byte)0);
        _written.Write(isKnown ? room : [Unknown]);
        return isKnown;
    }

    /// <returns>Bytes of it that were taken.</returns>
    private int WriteWrong(ReadOnlySpan<byte> text)
    {
        if (!_encoding.IsUtf16)
        {
            _written.Write(text[..1]);
            return 1;
        }

        // Half a surrogate pair; whatever else it was must not pass for text either.
        bool isSurrogate = text is [0xED, >= 0xA0 and <= 0xBF, >= 0x80 and <= 0xBF, ..];
        WriteUnit(isSurrogate ? (char)(0xD000 | ((text[1] & 0x3F) << 6) | (text[2] & 0x3F)) : LoneSurrogate);
        return isSurrogate ? 3 : 1;
    }

    private void WriteUnit(char unit)
    {
        Span<byte> room = _written.GetSpan(sizeof(char));
        if (_isBig)
        {
            BinaryPrimitives.WriteUInt16BigEndian(room, unit);
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(room, unit);
        }

        _written.Advance(sizeof(char));
    }
}
