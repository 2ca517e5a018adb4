using System.Runtime.CompilerServices;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>The rules of delimited text that every reader of it obeys.</summary>
/// <remarks>
/// RFC 4180 with the cases that it leaves open decided, so that finding boundaries and reading fields agree on any
/// bytes:
/// <list type="number">
/// <item>A record ends at LF, CRLF or a lone CR outside quotes, or at the end of the data. A CR that is the last byte
/// at hand decides nothing while more may follow: an LF would belong to it.</item>
/// <item>A quote opens a quoted field only where the field starts. In a field that does not start with one, quotes are
/// data.</item>
/// <item>In a quoted field two quotes are one. A single quote closes it, and a delimiter, a record end or the end of
/// the data must follow; line ends and delimiters before it are data.</item>
/// <item>A record that breaks rule 3, or whose quoted field spans lines so that the record does not end within the
/// longest length allowed, is malformed.</item>
/// <item>A malformed record costs its first physical line, up to the first LF, CRLF or CR after its start, whatever
/// stands there; reading goes on behind it. So a stray quote takes no neighbours along. Where it is known how many fields records have,
/// <see cref="CsvResync"/> finds which of its lines are its, and tells from a text that spans lines one that only looks so.</item>
/// <item>A record whose first physical line alone is longer than allowed is too long. It too costs that line.</item>
/// <item>An empty line counts as a line. It is no record where records have several fields; where they have one it is
/// a record with an empty field. No bytes after the last line end are no line.</item>
/// </list>
/// What a dialect may declare besides:
/// <list type="bullet">
/// <item>Delimiter and line end are texts, looked for from left to right, a line end first. With a line end of its own nothing else
/// ends a line.</item>
/// <item>An escape makes data of the byte behind it, in quotes and outside, whatever it would mean; of both bytes of a CRLF
/// that would end a line. Whether a line end is escaped is so seen from the bytes before it, and a line, in all rules but that on
/// comments, goes up to one that is not. A record that ends with an escape is malformed.</item>
/// <item>Without doubled quotes every quote in a quoted field that is not escaped closes it.</item>
/// <item>Spaces at the start of a field are passed over, before its quote, too.</item>
/// <item>A field that is, as written and not in quotes, the null sequence has no value.</item>
/// <item>A line where a record would start, and that begins with the comment's text, counts as a line and is no record. It ends at
/// the first line end, in which escapes mean nothing. One that is longer than the longest record is too long as a record would be.
/// </item>
/// </list>
/// Lengths are without the line end that closes the record or line. While more may follow, a record is undecided only
/// as long as the bytes at hand are no more than the longest record, so the longest record plus two bytes (its line
/// end, and whatever tells a CR from a CRLF) always suffice to decide; plus <see cref="CsvSyntax.BytesAhead"/> in other dialects.
/// </remarks>
internal static class CsvRules
{
    /// <summary>Rule 3: what may stand after a closing quote.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool MayFollowQuote(ReadOnlySpan<byte> bytes, int position, byte delimiter) =>
        position == bytes.Length
        || bytes[position] == delimiter
        || bytes[position] is (byte)'\n' or (byte)'\r';

    /// <summary>Rule 1: the position behind the CR, LF or CRLF at a position; −1 when undecided.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int BehindLineEnd(ReadOnlySpan<byte> bytes, int position, bool isFinal)
    {
        int next = position + 1;
        if (bytes[position] == (byte)'\n')
        {
            return next;
        }

        if (next < bytes.Length)
        {
            return bytes[next] == (byte)'\n' ? next + 1 : next;
        }

        return isFinal ? next : -1;
    }
}
