using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>
/// UTF-16, its units with the lower or the higher byte first. Half a surrogate pair is two wrong bytes, and so is a byte that is left over at
/// the end one.
/// </summary>
internal sealed class Utf16Transcoding(TextEncoding encoding) : Transcoding(encoding)
{
    private const int UnitBytes = 2;
    private const int UnitsAtOnce = 2048;

    private bool IsBig => Encoding.Kind == EncodingKind.Utf16Big;

    /// <inheritdoc/>
    public override Transcoding Begin(ReadOnlySpan<byte> start, out string? fault)
    {
        fault = ForeignContent.SentenceOf(start, Encoding);
        if (fault is not null || Encoding.Kind != EncodingKind.Utf16Marked || start.IsEmpty)
        {
            return this;
        }

        TextEncoding? marked = start switch
        {
            [0xFF, 0xFE, ..] => TextEncoding.Find("utf-16le"),
            [0xFE, 0xFF, ..] => TextEncoding.Find("utf-16be"),
            _ => null,
        };
        fault = marked is null
            ? "The data is to be UTF-16 with a byte order mark, and begins with none: set the dataset's encoding, or the charset of the "
                + "Content-Type, to utf-16le or utf-16be, or to what else it is."
            : null;
        return marked is null ? this : Of(marked)!;
    }

    /// <inheritdoc/>
    public override int Transcode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
    {
        (consumed, int written) = (0, 0);
        Span<char> swapped = stackalloc char[IsBig == BitConverter.IsLittleEndian ? UnitsAtOnce : 0];
        while (source.Length - consumed >= UnitBytes)
        {
            int units = (source.Length - consumed) / UnitBytes;
            scoped ReadOnlySpan<char> text = MemoryMarshal.Cast<byte, char>(source.Slice(consumed, units * UnitBytes));
            if (!swapped.IsEmpty)
            {
                text = text[..Math.Min(text.Length, swapped.Length)];
                BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<char, short>(text), MemoryMarshal.Cast<char, short>(swapped));
                text = swapped[..text.Length];
            }

            OperationStatus status = Utf8.FromUtf16(
                text, destination[written..], out int read, out int made, replaceInvalidSequences: false, isFinalBlock: false);
            consumed += read * UnitBytes;
            written += made;
            bool isWrong = status == OperationStatus.InvalidData
                || (status == OperationStatus.NeedMoreData && isLast && source.Length - consumed < 2 * UnitBytes);
            if (isWrong && destination.Length - written >= UnitBytes * WrongBytes.MarkBytes)
            {
                written += MarkWrong(source.Slice(consumed, UnitBytes), destination[written..]);
                consumed += UnitBytes;
            }
            else if (isWrong || status == OperationStatus.DestinationTooSmall || read == 0)
            {
                return written;
            }
        }

        if (isLast && source.Length - consumed == 1 && destination.Length - written >= WrongBytes.MarkBytes)
        {
            written += MarkWrong(source[consumed..], destination[written..]);
            consumed++;
        }

        return written;
    }

    /// <inheritdoc/>
    /// <remarks>Four bytes of UTF-8 are a pair of units, a mark of a wrong byte is one byte, and all else is one unit.</remarks>
    public override long LengthOf(ReadOnlySpan<byte> text)
    {
        long marks = Utf8Length.CountFrom(text, 0xF8);
        long pairs = Utf8Length.CountFrom(text, 0xF0) - marks;
        return (UnitBytes * (Utf8Length.CountStarts(text) + pairs)) - marks;
    }

    private static int MarkWrong(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            WrongBytes.Mark(bytes[i], destination[(i * WrongBytes.MarkBytes)..]);
        }

        return bytes.Length * WrongBytes.MarkBytes;
    }
}
