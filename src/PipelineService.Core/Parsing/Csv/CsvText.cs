using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>The text of fields.</summary>
public static class CsvText
{
    /// <summary>
    /// What a field says, in a header as in a record: only where quotes are doubled is it not what is written.
    /// </summary>
    /// <param name="bytes">What the reader was given.</param>
    /// <param name="field">The field as the reader found it.</param>
    /// <param name="quote">The quote.</param>
    /// <param name="scratch">At least as long as the field.</param>
    public static ReadOnlySpan<byte> Of(
        ReadOnlySpan<byte> bytes, RecordValue field, byte quote, Span<byte> scratch)
    {
        ReadOnlySpan<byte> text = bytes.Slice(field.Start, field.Length);
        return field.Spelling == ValueSpelling.CsvDoubled ? scratch[..Unescape(text, quote, scratch)] : text;
    }

    /// <summary>Makes two quotes one.</summary>
    /// <param name="escaped">The field as written, in which every quote is doubled.</param>
    /// <param name="quote">The quote.</param>
    /// <param name="to">At least as long as the field.</param>
    /// <returns>Bytes written.</returns>
    public static int Unescape(ReadOnlySpan<byte> escaped, byte quote, Span<byte> to)
    {
        int written = 0;
        while (true)
        {
            int found = escaped.IndexOf(quote);
            if (found < 0)
            {
                escaped.CopyTo(to[written..]);
                return written + escaped.Length;
            }

            escaped[..(found + 1)].CopyTo(to[written..]);
            written += found + 1;
            escaped = escaped[(found + 2)..];
        }
    }
}
