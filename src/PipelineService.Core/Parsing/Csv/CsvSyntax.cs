using System.Buffers;
using PipelineService.Core.Datasets;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>Whether bytes begin with a text.</summary>
internal enum Match
{
    No,
    Yes,

    /// <summary>They end before it does, and may go on.</summary>
    Undecided,
}

/// <summary>A dialect as bytes: what the readers and writers of delimited text look for. Immutable.</summary>
public sealed class CsvSyntax
{
    private readonly byte[] _delimiter;
    private readonly byte[] _lineEnd;
    private readonly byte[] _quote;
    private readonly byte[] _escape;
    private readonly byte[] _comment;
    private readonly byte[]? _null;

    public CsvSyntax(CsvDialect dialect)
    {
        _delimiter = Text.UTF8.GetBytes(dialect.Delimiter);
        _lineEnd = dialect.EndsAtAnyLineEnd ? [] : Text.UTF8.GetBytes(dialect.LineTerminator!);
        _quote = Text.UTF8.GetBytes(dialect.QuoteChar);
        _escape = Text.UTF8.GetBytes(dialect.EscapeChar ?? "");
        _comment = Text.UTF8.GetBytes(dialect.CommentChar ?? "");
        _null = dialect.NullSequence is null ? null : Text.UTF8.GetBytes(dialect.NullSequence);
        DoubleQuote = dialect.DoubleQuote;
        SkipsSpaces = dialect.SkipInitialSpace;
        IsCommon = _delimiter.Length == 1 && _quote.Length == 1 && DoubleQuote && dialect.EndsAtAnyLineEnd && !SkipsSpaces
            && _escape.Length == 0 && _comment.Length == 0 && _null is null;
        byte[] lineEnds = AnyLineEnd ? "\r\n"u8.ToArray() : [_lineEnd[0]];
        InQuotes = SearchValues.Create([.. lineEnds, .. _quote.Take(1), .. _escape.Take(1)]);
        OutsideQuotes = SearchValues.Create([.. lineEnds, _delimiter[0], .. _escape.Take(1)]);
        InLine = SearchValues.Create([.. lineEnds, .. _escape.Take(1)]);
        Special = SearchValues.Create([.. lineEnds, _delimiter[0], .. _quote.Take(1), .. _escape.Take(1)]);
        InText = SearchValues.Create([.. _quote.Take(1), .. _escape.Take(1)]);
    }

    /// <summary>
    /// Whether it is what nearly all delimited text is: a delimiter and a quote of one byte each, quotes inside doubled, any line end,
    /// and nothing else. Such text is read with vector instructions.
    /// </summary>
    public bool IsCommon { get; }

    public ReadOnlySpan<byte> Delimiter => _delimiter;

    public ReadOnlySpan<byte> Quote => _quote;

    public ReadOnlySpan<byte> Escape => _escape;

    public ReadOnlySpan<byte> Comment => _comment;

    public ReadOnlySpan<byte> Null => _null;

    public bool HasNull => _null is not null;

    public bool HasQuote => _quote.Length > 0;

    public bool HasEscape => _escape.Length > 0;

    public bool DoubleQuote { get; }

    public bool SkipsSpaces { get; }

    /// <summary>Whether records end at LF, CRLF and CR; else only at <see cref="LineEnd"/>.</summary>
    public bool AnyLineEnd => _lineEnd.Length == 0;

    /// <summary>The text that ends a record; empty where any line end does.</summary>
    public ReadOnlySpan<byte> LineEnd => _lineEnd;

    /// <summary>
    /// Bytes behind the longest record that always suffice to tell where it ends: its line end, a closing quote and one that would
    /// double it, and what tells each from something else that begins like it.
    /// </summary>
    public int BytesAhead => Math.Max(2, Math.Max(Math.Max(_lineEnd.Length, _delimiter.Length), Math.Max(2 * _quote.Length, _comment.Length)))
        + _escape.Length;

    /// <summary>First bytes of what means something inside quotes.</summary>
    internal SearchValues<byte> InQuotes { get; }

    /// <summary>First bytes of what means something outside quotes, a field's start aside.</summary>
    internal SearchValues<byte> OutsideQuotes { get; }

    /// <summary>First bytes of what tells where a line ends.</summary>
    internal SearchValues<byte> InLine { get; }

    /// <summary>First bytes of all that means something.</summary>
    internal SearchValues<byte> Special { get; }

    /// <summary>First bytes of what is written otherwise than it reads.</summary>
    internal SearchValues<byte> InText { get; }

    /// <summary>What stands before the line end that a line ends with.</summary>
    internal ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line)
    {
        int length = AnyLineEnd ? line.EndsWith("\r\n"u8) ? 2 : line is [.., (byte)'\n' or (byte)'\r'] ? 1 : 0
            : line.EndsWith(_lineEnd) ? _lineEnd.Length
            : 0;
        return line[..^length];
    }

    /// <summary>Whether a text stands at a position.</summary>
    /// <param name="bytes">The bytes at hand.</param>
    /// <param name="position">Where; at their end at most.</param>
    /// <param name="text">Not empty.</param>
    /// <param name="isFinal">Whether no byte follows those at hand.</param>
    internal static Match Find(ReadOnlySpan<byte> bytes, int position, ReadOnlySpan<byte> text, bool isFinal)
    {
        ReadOnlySpan<byte> rest = bytes[position..];
        return rest.Length >= text.Length ? (rest.StartsWith(text) ? Match.Yes : Match.No)
            : !isFinal && text.StartsWith(rest) ? Match.Undecided
            : Match.No;
    }

    /// <summary>Whether a line ends at a position, and where the next one begins.</summary>
    /// <inheritdoc cref="Find" path="/param"/>
    /// <param name="next">Behind the line end; −1 unless there is one.</param>
    internal Match FindLineEnd(ReadOnlySpan<byte> bytes, int position, bool isFinal, out int next)
    {
        next = -1;
        if (!AnyLineEnd)
        {
            Match found = Find(bytes, position, _lineEnd, isFinal);
            next = found == Match.Yes ? position + _lineEnd.Length : -1;
            return found;
        }

        if (position == bytes.Length || bytes[position] is not ((byte)'\n' or (byte)'\r'))
        {
            return position == bytes.Length && !isFinal ? Match.Undecided : Match.No;
        }

        next = CsvRules.BehindLineEnd(bytes, position, isFinal);
        return next < 0 ? Match.Undecided : Match.Yes;
    }

    /// <summary>Behind the escape at a position and what it makes data: one byte, or both of a CRLF that would end a line.</summary>
    /// <inheritdoc cref="Find" path="/param"/>
    /// <returns>−1 when that is not at hand.</returns>
    internal int BehindEscaped(ReadOnlySpan<byte> bytes, int position, bool isFinal)
    {
        int escaped = position + _escape.Length;
        return escaped >= bytes.Length ? -1
            : AnyLineEnd && bytes[escaped] == (byte)'\r' ? CsvRules.BehindLineEnd(bytes, escaped, isFinal)
            : escaped + 1;
    }

    /// <summary>
    /// The first line end that no escape makes data: where a record ends whatever its quotes are.
    /// </summary>
    /// <param name="bytes">The bytes at hand.</param>
    /// <param name="start">Where the line starts.</param>
    /// <param name="isFinal">Whether no byte follows those at hand.</param>
    /// <param name="next">Behind the line end; −1 when none is at hand whole.</param>
    /// <returns>
    /// Where the line end is, or may be: what comes before it is the line. All of the bytes when there is none.
    /// </returns>
    internal int EndOfLine(ReadOnlySpan<byte> bytes, int start, bool isFinal, out int next)
    {
        next = -1;
        int position = start;
        while (bytes[position..].IndexOfAny(InLine) is int found and >= 0)
        {
            position += found;
            Match escape = HasEscape ? Find(bytes, position, _escape, isFinal) : Match.No;
            if (escape == Match.Yes)
            {
                int behind = BehindEscaped(bytes, position, isFinal);
                if (behind < 0)
                {
                    return isFinal ? bytes.Length : position;
                }

                position = behind;
                continue;
            }

            if (escape == Match.Undecided || FindLineEnd(bytes, position, isFinal, out next) != Match.No)
            {
                return position;
            }

            position++;
        }

        return bytes.Length;
    }

    /// <summary>The first line end of a comment, in which escapes mean nothing.</summary>
    /// <inheritdoc cref="EndOfLine"/>
    internal int EndOfComment(ReadOnlySpan<byte> bytes, int start, bool isFinal, out int next)
    {
        next = -1;
        int position = start;
        while ((AnyLineEnd ? bytes[position..].IndexOfAny((byte)'\n', (byte)'\r') : bytes[position..].IndexOf(_lineEnd[0]))
            is int found and >= 0)
        {
            position += found;
            if (FindLineEnd(bytes, position, isFinal, out next) != Match.No)
            {
                return position;
            }

            position++;
        }

        return bytes.Length;
    }

    /// <summary>How many line ends there are in a record: in quotes, and behind escapes.</summary>
    internal int LineEndsIn(ReadOnlySpan<byte> record)
    {
        int count = 0;
        int position = 0;
        while (position < record.Length)
        {
            _ = EndOfComment(record, position, isFinal: true, out int next);
            if (next < 0)
            {
                break;
            }

            count++;
            position = next;
        }

        return count;
    }
}
