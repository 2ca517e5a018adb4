using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>What ends a field, or stands in it.</summary>
internal enum FieldStop
{
    /// <summary>Nothing: the field goes on.</summary>
    None,

    /// <summary>A delimiter: another field follows.</summary>
    Delimiter,

    /// <summary>A line end: of the record, or in quotes.</summary>
    LineEnd,

    /// <summary>The quote that closes it.</summary>
    Quote,

    /// <summary>The end of the bytes at hand.</summary>
    End,

    /// <summary>It depends on bytes that have not arrived.</summary>
    Undecided,

    /// <summary>No bytes that may follow can mend it.</summary>
    Malformed,
}

/// <summary>
/// Goes from one place in a record to the next by <see cref="CsvRules"/>, in any dialect. What the tokenizer and its look ahead
/// have in common: so the two agree by construction.
/// </summary>
/// <param name="bytes">The bytes at hand.</param>
/// <param name="syntax">How they are written.</param>
/// <param name="isFinal">Whether no byte follows them.</param>
internal readonly ref struct DialectFields(ReadOnlySpan<byte> bytes, CsvSyntax syntax, bool isFinal)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Goes past the spaces before a field that are no part of it.</summary>
    public int PassSpaces(int position)
    {
        int found = syntax.SkipsSpaces ? _bytes[position..].IndexOfAnyExcept((byte)' ') : 0;
        return found < 0 ? _bytes.Length : position + found;
    }

    /// <summary>Whether a quote opens the field that starts at a position.</summary>
    public Match FindQuote(int position) =>
        syntax.HasQuote ? CsvSyntax.Find(_bytes, position, syntax.Quote, isFinal) : Match.No;

    /// <summary>Goes past the quote that opens a field.</summary>
    public int PassQuote(int position) => position + syntax.Quote.Length;

    /// <summary>Goes to where a field without quotes ends.</summary>
    /// <param name="position">In the field; then where it ends, or from where on more bytes are needed.</param>
    /// <param name="spelling">Tells of escapes that were passed.</param>
    /// <param name="next">Behind the delimiter or line end.</param>
    public FieldStop PassUnquoted(ref int position, ref ValueSpelling spelling, out int next)
    {
        while (true)
        {
            next = -1;
            int found = _bytes[position..].IndexOfAny(syntax.OutsideQuotes);
            if (found < 0)
            {
                position = _bytes.Length;
                return FieldStop.End;
            }

            position += found;
            FieldStop stop = PassEscape(ref position, ref spelling, out bool isEscape);
            stop = stop == FieldStop.None && !isEscape ? StopAt(position, out next) : stop;
            if (stop != FieldStop.None)
            {
                return stop;
            }

            position += isEscape ? 0 : 1;
        }
    }

    /// <summary>Goes to the next line end in quotes, or to the quote that closes them.</summary>
    /// <param name="position">In quotes; then where it has stopped, or from where on more bytes are needed.</param>
    /// <param name="spelling">Tells of escapes and doubled quotes that were passed.</param>
    /// <param name="next">Behind the line end or quote.</param>
    public FieldStop PassQuoted(ref int position, ref ValueSpelling spelling, out int next)
    {
        while (true)
        {
            next = -1;
            int found = _bytes[position..].IndexOfAny(syntax.InQuotes);
            if (found < 0)
            {
                position = _bytes.Length;
                return FieldStop.End;
            }

            position += found;
            FieldStop stop = PassEscape(ref position, ref spelling, out bool isEscape);
            stop = stop == FieldStop.None && !isEscape ? StopInQuotes(position, out next) : stop;
            if (stop != FieldStop.None)
            {
                return stop;
            }

            if (!isEscape)
            {
                // A doubled quote, or a byte that only begins like something.
                spelling = next < 0 ? spelling : ValueSpelling.CsvDoubled;
                position = next < 0 ? position + 1 : next;
            }
        }
    }

    /// <summary>What stands behind a closing quote.</summary>
    /// <param name="position">Behind it.</param>
    /// <param name="next">Behind the delimiter or line end.</param>
    public FieldStop StopBehindQuote(int position, out int next)
    {
        next = -1;
        if (position == _bytes.Length)
        {
            return FieldStop.End;
        }

        FieldStop stop = StopAt(position, out next);
        return stop == FieldStop.None ? FieldStop.Malformed : stop;
    }

    /// <summary>Goes past an escape that may stand at a position, and past what it makes data.</summary>
    private FieldStop PassEscape(ref int position, ref ValueSpelling spelling, out bool isEscape)
    {
        Match found = syntax.HasEscape ? CsvSyntax.Find(_bytes, position, syntax.Escape, isFinal) : Match.No;
        isEscape = found == Match.Yes;
        if (!isEscape)
        {
            return found == Match.No ? FieldStop.None : FieldStop.Undecided;
        }

        int behind = syntax.BehindEscaped(_bytes, position, isFinal);
        if (behind < 0)
        {
            return isFinal ? FieldStop.Malformed : FieldStop.Undecided;
        }

        position = behind;
        spelling = spelling == ValueSpelling.Plain ? ValueSpelling.CsvEscaped : spelling;
        return FieldStop.None;
    }

    /// <summary>Whether a field ends at a position outside quotes.</summary>
    private FieldStop StopAt(int position, out int next)
    {
        switch (syntax.FindLineEnd(_bytes, position, isFinal, out next))
        {
            case Match.Yes:
                return FieldStop.LineEnd;
            case Match.Undecided:
                return FieldStop.Undecided;
        }

        Match found = CsvSyntax.Find(_bytes, position, syntax.Delimiter, isFinal);
        next = found == Match.Yes ? position + syntax.Delimiter.Length : -1;
        return found switch
        {
            Match.Yes => FieldStop.Delimiter,
            Match.Undecided => FieldStop.Undecided,
            _ => FieldStop.None,
        };
    }

    /// <param name="position">In quotes, and at no escape.</param>
    /// <param name="next">Behind what stands there; of two quotes that are one behind both.</param>
    private FieldStop StopInQuotes(int position, out int next)
    {
        switch (syntax.FindLineEnd(_bytes, position, isFinal, out next))
        {
            case Match.Yes:
                return FieldStop.LineEnd;
            case Match.Undecided:
                return FieldStop.Undecided;
        }

        Match found = CsvSyntax.Find(_bytes, position, syntax.Quote, isFinal);
        if (found != Match.Yes)
        {
            next = -1;
            return found == Match.No ? FieldStop.None : FieldStop.Undecided;
        }

        next = position + syntax.Quote.Length;
        Match second = syntax.DoubleQuote ? CsvSyntax.Find(_bytes, next, syntax.Quote, isFinal) : Match.No;
        if (second == Match.Yes)
        {
            next += syntax.Quote.Length;
            return FieldStop.None;
        }

        return second == Match.No ? FieldStop.Quote : FieldStop.Undecided;
    }
}
