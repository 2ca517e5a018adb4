namespace PipelineService.Core.Parsing;

/// <summary>The text of quoted fields.</summary>
internal static class CsvText
{
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
