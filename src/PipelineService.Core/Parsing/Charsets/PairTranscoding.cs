using System.Text;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>
/// Encodings of East Asia, of a byte or two a character. What is no character costs as little as can be: a byte that begins a pair and is
/// followed by ASCII that it makes no character with is wrong alone, so that it takes no delimiter or line end along.
/// </summary>
/// <remarks>The way of https://encoding.spec.whatwg.org/#legacy-multi-byte-chinese-(simplified)-encodings with wrong bytes.</remarks>
internal class PairTranscoding : Transcoding
{
    private const int Trails = 256;

    private readonly char[] _singles = new char[256];

    /// <summary>By the first and second byte of a pair.</summary>
    private readonly char[] _pairs = new char[256 * Trails];

    /// <summary>Of each character how many bytes it has; 0 for those that the pairs do not have.</summary>
    private readonly byte[] _lengths = new byte[char.MaxValue + 1];

    public PairTranscoding(TextEncoding encoding)
        : base(encoding)
    {
        CodeTable table = new(encoding);
        for (int lead = 0x80; lead < 256; lead++)
        {
            _singles[lead] = table.CharOf((byte)lead);
            for (int trail = 0x30; _singles[lead] == CodeTable.None && trail < Trails; trail++)
            {
                char found = table.CharOf((byte)lead, (byte)trail);
                _pairs[(lead * Trails) + trail] = found;
                _lengths[found] = 2;
            }
        }

        for (int single = 0x80; single < 256; single++)
        {
            _lengths[_singles[single]] = 1;
        }

        _lengths[CodeTable.None] = 0;
    }

    /// <inheritdoc/>
    public override int Transcode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
    {
        (int i, int o) = (0, 0);
        while (i < source.Length)
        {
            int room = Math.Min(source.Length - i, destination.Length - o);
            int ascii = source.Slice(i, room).IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
            ascii = ascii < 0 ? room : ascii;
            source.Slice(i, ascii).CopyTo(destination[o..]);
            i += ascii;
            o += ascii;

            // Mostly one such character is followed by others.
            while (i < source.Length && source[i] >= 0x80)
            {
                if (destination.Length - o < BytesAhead / 2)
                {
                    consumed = i;
                    return o;
                }

                int taken = Take(source[i..], isLast, destination[o..], out int made);
                if (taken == 0)
                {
                    consumed = i;
                    return o;
                }

                i += taken;
                o += made;
            }

            if (destination.Length == o)
            {
                break;
            }
        }

        consumed = i;
        return o;
    }

    /// <inheritdoc/>
    public override long LengthOf(ReadOnlySpan<byte> text)
    {
        long length = 0;
        while (!text.IsEmpty)
        {
            int ascii = text.IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
            length += ascii < 0 ? text.Length : ascii;
            text = ascii < 0 ? [] : text[ascii..];
            while (text is [>= 0x80, ..])
            {
                bool isWrong = Rune.DecodeFromUtf8(text, out Rune rune, out int bytes) != System.Buffers.OperationStatus.Done;
                length += isWrong ? 1 : LengthOf(rune);
                text = text[(isWrong ? Math.Min(WrongBytes.MarkBytes, text.Length) : bytes)..];
            }
        }

        return length;
    }

    /// <summary>Takes what begins with a byte that begins no pair, or that is followed by one that no pair has.</summary>
    /// <returns>Bytes taken; 0 when more are needed.</returns>
    protected virtual int TakeOther(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int made)
    {
        // Two bytes that are both no ASCII are one fault.
        int count = source.Length > 1 && source[1] >= 0x80 && IsLead(source[0]) ? 2 : 1;
        made = 0;
        for (int i = 0; i < count; i++)
        {
            WrongBytes.Mark(source[i], destination[made..]);
            made += WrongBytes.MarkBytes;
        }

        return count;
    }

    /// <summary>How many bytes a character has that is none of the pairs.</summary>
    protected virtual int LengthOfOther(Rune rune) => throw new InvalidOperationException($"{Encoding} does not have {rune.Value:X}.");

    /// <summary>Whether a byte begins a pair.</summary>
    private bool IsLead(byte value) => value >= 0x81 && _singles[value] == CodeTable.None;

    private int LengthOf(Rune rune) => rune.IsBmp && _lengths[rune.Value] is byte known and > 0 ? known : LengthOfOther(rune);

    private int Take(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int made)
    {
        char single = _singles[source[0]];
        if (single != CodeTable.None)
        {
            made = new Rune(single).EncodeToUtf8(destination);
            return 1;
        }

        if (source.Length == 1)
        {
            made = 0;
            return isLast ? TakeOther(source, isLast, destination, out made) : 0;
        }

        char pair = _pairs[(source[0] * Trails) + source[1]];
        if (pair == CodeTable.None)
        {
            return TakeOther(source, isLast, destination, out made);
        }

        made = Write(pair, destination);
        return 2;
    }

    private static int Write(char value, Span<byte> destination)
    {
        if (value < 0x800)
        {
            destination[1] = (byte)(0x80 | (value & 0x3F));
            destination[0] = (byte)(0xC0 | (value >> 6));
            return 2;
        }

        destination[2] = (byte)(0x80 | (value & 0x3F));
        destination[1] = (byte)(0x80 | ((value >> 6) & 0x3F));
        destination[0] = (byte)(0xE0 | (value >> 12));
        return 3;
    }
}
