using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>The text of fields.</summary>
public static class CsvText
{
    /// <summary>
    /// What a field says, in a header as in a record: only where quotes are doubled or something is escaped is it not what is written.
    /// </summary>
    /// <param name="bytes">What the reader was given.</param>
    /// <param name="field">The field as the reader found it.</param>
    /// <param name="syntax">How it is written.</param>
    /// <param name="scratch">At least as long as the field.</param>
    public static ReadOnlySpan<byte> Of(
        ReadOnlySpan<byte> bytes, RecordValue field, CsvSyntax syntax, Span<byte> scratch)
    {
        ReadOnlySpan<byte> text = bytes.Slice(field.Start, field.Length);
        return field.Spelling == ValueSpelling.Plain ? text : scratch[..Unescape(text, field.Spelling, syntax, scratch)];
    }

    /// <summary>Makes two quotes one, and takes escapes away.</summary>
    /// <param name="written">The field as written.</param>
    /// <param name="spelling">What there is to undo.</param>
    /// <param name="syntax">How it is written.</param>
    /// <param name="to">At least as long as the field.</param>
    /// <returns>Bytes written.</returns>
    public static int Unescape(ReadOnlySpan<byte> written, ValueSpelling spelling, CsvSyntax syntax, Span<byte> to)
    {
        int length = 0;
        while (true)
        {
            int found = written.IndexOfAny(syntax.InText);
            if (found < 0)
            {
                written.CopyTo(to[length..]);
                return length + written.Length;
            }

            written[..found].CopyTo(to[length..]);
            length += found;
            written = written[found..];
            int passed = MarksBefore(written, spelling, syntax);

            // Behind marks comes a byte that is data, whatever it is.
            to[length++] = written[passed];
            written = written[(passed + 1)..];
        }
    }

    /// <summary>Bytes before the first character that are there only for how it is written: an escape, or the first of two quotes.</summary>
    /// <inheritdoc cref="Unescape"/>
    internal static int MarksBefore(ReadOnlySpan<byte> written, ValueSpelling spelling, CsvSyntax syntax) =>
        syntax.HasEscape && written.StartsWith(syntax.Escape) ? syntax.Escape.Length
        : spelling == ValueSpelling.CsvDoubled && syntax.HasQuote && written.StartsWith(syntax.Quote) ? syntax.Quote.Length
        : 0;
}
