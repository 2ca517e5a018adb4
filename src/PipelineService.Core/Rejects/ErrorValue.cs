using System.Text;
using System.Text.Unicode;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Rejects;

/// <summary>
/// The offending text of an error as people read it: what it says and not how it is spelled, and not too long.
/// </summary>
public static class ErrorValue
{
    /// <summary>Bytes of a text that are shown; a longer one is cut between two characters.</summary>
    public const int BytesMax = 256;

    /// <summary>Decodes a text: valid UTF-8 without U+0000, which jsonb cannot hold.</summary>
    /// <param name="written">The text as it is written in the data; any bytes.</param>
    /// <param name="spelling">How.</param>
    /// <param name="syntax">How CSV is written; null where it is none.</param>
    /// <param name="text">At least <see cref="BytesMax"/> bytes.</param>
    /// <param name="isCut">Whether there is more of it.</param>
    /// <returns>Bytes of the text.</returns>
    public static int Decode(
        ReadOnlySpan<byte> written, ValueSpelling spelling, CsvSyntax? syntax, Span<byte> text, out bool isCut)
    {
        isCut = false;
        if (spelling == ValueSpelling.Packed)
        {
            return PackedValue.WriteText(written, text);
        }

        if (spelling == ValueSpelling.Plain && written.Length <= BytesMax
            && !written.Contains((byte)0) && Utf8.IsValid(written))
        {
            written.CopyTo(text);
            return written.Length;
        }

        int length = 0;
        while (!written.IsEmpty)
        {
            int used = Next(written, spelling, syntax, out Rune rune);
            rune = rune.Value == 0 ? Rune.ReplacementChar : rune;
            if (length + rune.Utf8SequenceLength > BytesMax)
            {
                isCut = true;
                break;
            }

            length += rune.EncodeToUtf8(text[length..]);
            written = written[used..];
        }

        return length;
    }

    /// <returns>Bytes that the next character takes as it is written.</returns>
    private static int Next(ReadOnlySpan<byte> written, ValueSpelling spelling, CsvSyntax? syntax, out Rune rune)
    {
        if (spelling == ValueSpelling.JsonEscaped && written[0] == '\\')
        {
            _ = JsonEscape.TryRead(written, out rune, out int escape);
            return escape;
        }

        int marks = syntax is not null && spelling is ValueSpelling.CsvDoubled or ValueSpelling.CsvEscaped
            ? CsvText.MarksBefore(written, spelling, syntax!)
            : 0;
        _ = Rune.DecodeFromUtf8(written[marks..], out rune, out int used);
        return marks + used;
    }
}
