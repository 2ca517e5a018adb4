using System.Buffers;
using System.Text;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>
/// Bytes that are no character of the encoding that text is in, as they stand in its UTF-8: each as two bytes that no UTF-8 has, so
/// that none of them can be taken for text, and the byte is known. 0xNN is <c>111110nn 10nnnnnn</c>.
/// </summary>
public static class WrongBytes
{
    /// <summary>Bytes of the mark of one.</summary>
    public const int MarkBytes = 2;

    private const byte First = 0xF8;
    private const byte Continuation = 0x80;
    private const int LowBits = 6;

    private static readonly SearchValues<byte> Leads = SearchValues.Create([0xF8, 0xF9, 0xFA, 0xFB]);

    /// <summary>Marks a byte.</summary>
    /// <param name="value">The byte.</param>
    /// <param name="destination">At least <see cref="MarkBytes"/> long.</param>
    public static void Mark(byte value, Span<byte> destination)
    {
        destination[1] = (byte)(Continuation | (value & 0x3F));
        destination[0] = (byte)(First | (value >> LowBits));
    }

    /// <summary>Where the first mark is; −1 when there is none.</summary>
    public static int Find(ReadOnlySpan<byte> text) => text.IndexOfAny(Leads);

    /// <summary>The bytes that are marked one behind the other from the start on.</summary>
    /// <param name="text">Starts with a mark.</param>
    /// <param name="bytes">Takes as many of them as find room.</param>
    public static int Read(ReadOnlySpan<byte> text, Span<byte> bytes)
    {
        int count = 0;
        while (count < bytes.Length && text.Length >= MarkBytes && Leads.Contains(text[0]))
        {
            bytes[count++] = ByteOf(text);
            text = text[MarkBytes..];
        }

        return count;
    }

    /// <summary>
    /// Puts what is kept of them in the place of the marks: a byte from 0x80 on itself, as it would stand in UTF-8 that has it; of
    /// half a surrogate pair, of which such bytes would be ASCII, what UTF-8 would write for it if it could.
    /// </summary>
    /// <param name="text">UTF-8 with marks.</param>
    /// <param name="isUtf16">Whether it was UTF-16.</param>
    /// <param name="destination">At least as long.</param>
    /// <returns>Bytes written.</returns>
    public static int Undo(ReadOnlySpan<byte> text, bool isUtf16, Span<byte> destination)
    {
        int written = 0;
        while (Find(text) is int found and >= 0)
        {
            text[..found].CopyTo(destination[written..]);
            written += found;
            text = text[found..];
            byte value = ByteOf(text);
            if (!isUtf16)
            {
                destination[written++] = value;
            }
            else if (text.Length >= 2 * MarkBytes && Leads.Contains(text[MarkBytes]))
            {
                written += WriteSurrogate(value, ByteOf(text[MarkBytes..]), destination[written..]);
                text = text[MarkBytes..];
            }
            else
            {
                text[..MarkBytes].CopyTo(destination[written..]);
                written += MarkBytes;
            }

            text = text[MarkBytes..];
        }

        text.CopyTo(destination[written..]);
        return written + text.Length;
    }

    /// <summary>Where the first bytes are that are no UTF-8; −1 when all are.</summary>
    /// <param name="count">How many of them are one fault.</param>
    public static int FindInvalidUtf8(ReadOnlySpan<byte> text, out int count)
    {
        int position = 0;
        count = 0;
        while (text[position..].IndexOfAnyExceptInRange((byte)0, (byte)0x7F) is int found and >= 0)
        {
            position += found;
            if (Rune.DecodeFromUtf8(text[position..], out _, out count) != OperationStatus.Done)
            {
                return position;
            }

            position += count;
        }

        count = 0;
        return -1;
    }

    private static byte ByteOf(ReadOnlySpan<byte> mark) => (byte)(((mark[0] & 3) << LowBits) | (mark[1] & 0x3F));

    /// <summary>Which of the two bytes comes first depends on the order of the file: one of them tells that it is a surrogate.</summary>
    private static int WriteSurrogate(byte first, byte second, Span<byte> destination)
    {
        int unit = (first & 0xF8) == 0xD8 ? (first << 8) | second : (second << 8) | first;
        destination[0] = (byte)(0xE0 | (unit >> 12));
        destination[1] = (byte)(Continuation | ((unit >> LowBits) & 0x3F));
        destination[2] = (byte)(Continuation | (unit & 0x3F));
        return 3;
    }
}
