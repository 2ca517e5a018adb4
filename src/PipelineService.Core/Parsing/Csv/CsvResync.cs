using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// Where reading goes on behind a record that has a quote too many or too few. Such a quote turns the text behind it inside out, up to a
/// place where that can be no record, or, when a value there begins with a delimiter or a line end, where it looks like one. So a record of
/// several lines is held against its lines read by themselves.
/// </summary>
/// <remarks>
/// Only a record is looked into of which a field spans lines and is closed where a field begins, behind a delimiter or a line end: what
/// seems to close a field that a missing quote has left open is a quote that opens one. A record that is clean, which is one by RFC 4180
/// alone and has as many fields as it should, is never taken apart. Of all others that span lines:
/// <list type="bullet">
/// <item>One that is malformed ends before the first of its lines at which a clean record begins; with none near, before its second line.
/// </item>
/// <item>One that is well-formed, but has a quote inside a field without quotes or another number of fields, ends before the first of its lines
/// from which on clean records go as far as it does, or further. With no such line it is what it looks like.</item>
/// </list>
/// The number of quotes is odd behind the first line of a record that opens one there, and even in clean records: so of a text that really
/// spans lines no line passes for the beginning of clean records that go to its end.
/// <para>
/// A chunk must not end between such a record and what it was held against, <see cref="EvidenceEnd"/>: then the bytes of the chunk alone say
/// the same. All of it lies within twice <see cref="NearBytes"/>, and within the longest record. Whether a clean record begins at a line does not
/// depend on who asks: so each line is read for that once, and no data makes it more than <see cref="NearBytes"/> a line.
/// </para>
/// </remarks>
internal ref struct CsvResync
{
    /// <summary>How far behind the start of a record lines are looked at, and how long a clean record there may be.</summary>
    private const int NearBytes = 4 << 10;

    private const int LinesMax = 64;

    private readonly ReadOnlySpan<byte> _window;
    private readonly RecordShape _shape;
    private readonly DialectFields _fields;
    private readonly int _start;
    private readonly int _near;
    private readonly bool _isCut;
    private readonly bool _isFinal;

    /// <param name="bytes">The bytes at hand.</param>
    /// <param name="start">Where the record starts.</param>
    /// <param name="shape">What the records have in common.</param>
    /// <param name="recordBytesMax">The longest record.</param>
    /// <param name="isFinal">Whether no byte follows those at hand.</param>
    public CsvResync(ReadOnlySpan<byte> bytes, int start, RecordShape shape, int recordBytesMax, bool isFinal)
    {
        (_shape, _start) = (shape, start);
        _near = Math.Min(NearBytes, recordBytesMax / 2);
        long end = (long)start + (2 * _near) + shape.Syntax.BytesAhead;
        _isCut = end <= bytes.Length;
        _window = _isCut ? bytes[..(int)end] : bytes;
        _isFinal = isFinal && !_isCut;
        _fields = new DialectFields(_window, shape.Syntax, _isFinal);
    }

    private enum Verdict
    {
        Clean,
        Unclean,
        Undecided,
    }

    /// <summary>Where the record ends in truth: behind the line end of its last line.</summary>
    public int End { get; private set; }

    /// <summary>Lines that are the record's.</summary>
    public int Lines { get; private set; }

    /// <summary>Up to where was looked to find that.</summary>
    public int EvidenceEnd { get; private set; }

    /// <summary>A malformed record.</summary>
    /// <param name="faultAt">Where it was found that it is.</param>
    /// <param name="judgedTo">Up to where no line begins a clean record, as far as the caller was told before.</param>
    /// <returns>Malformed when it has several lines, closed when it costs its first line, undecided when more bytes are needed.</returns>
    public QuotedVerdict Look(int faultAt, ref int judgedTo)
    {
        int line = _start;
        for (Lines = 1; Lines <= LinesMax && TryNextLine(ref line, out bool isOpen); Lines++)
        {
            if (line > faultAt)
            {
                break;
            }

            if (!isOpen && line <= judgedTo)
            {
                continue;
            }

            int end = line;
            Verdict verdict = isOpen ? Verdict.Undecided : ReadRecord(ref end);
            if (verdict == Verdict.Undecided)
            {
                return QuotedVerdict.Undecided;
            }

            if (verdict == Verdict.Clean)
            {
                (End, EvidenceEnd) = (line, end);
                return Lines > 1 ? QuotedVerdict.Malformed : QuotedVerdict.Closed;
            }

            judgedTo = line;
        }

        return QuotedVerdict.Closed;
    }

    /// <summary>A record that is well-formed and has several lines.</summary>
    /// <param name="end">Where it ends, without its line end.</param>
    /// <returns>Malformed when it ends before, closed when it does not, undecided when more bytes are needed.</returns>
    public QuotedVerdict LookInto(int end)
    {
        int position = _start;
        if (end - _start > _near || ReadRecord(ref position) == Verdict.Clean)
        {
            return QuotedVerdict.Closed;
        }

        int line = _start;
        for (Lines = 1; Lines <= LinesMax && TryNextLine(ref line, out bool isOpen) && line < end; Lines++)
        {
            Verdict verdict = isOpen ? Verdict.Undecided : Verdict.Clean;
            position = line;
            while (verdict == Verdict.Clean && position < end)
            {
                verdict = ReadRecord(ref position);
            }

            if (verdict == Verdict.Undecided)
            {
                return QuotedVerdict.Undecided;
            }

            if (verdict == Verdict.Clean)
            {
                (End, EvidenceEnd) = (line, position);
                return QuotedVerdict.Malformed;
            }
        }

        return QuotedVerdict.Closed;
    }

    /// <summary>Goes to the next line.</summary>
    /// <param name="isOpen">Whether it depends on bytes that have not arrived where it starts.</param>
    /// <returns>False when there is none, or none near.</returns>
    private readonly bool TryNextLine(ref int line, out bool isOpen)
    {
        _ = _shape.Syntax.EndOfLine(_window, line, _isFinal, out int next);
        isOpen = (next < 0 || next == _window.Length) && !_isFinal && !_isCut;
        line = next;
        return isOpen || (next >= 0 && next < Math.Min(_window.Length, _start + _near));
    }

    /// <summary>Reads a record by the strictest rules, and lines before it that are none.</summary>
    private readonly Verdict ReadRecord(ref int position)
    {
        CsvSyntax syntax = _shape.Syntax;
        int limit = position + _near;
        while (_shape.SkipsBlankLines && syntax.FindLineEnd(_window, position, _isFinal, out int behind) == Match.Yes && position < limit)
        {
            position = behind;
        }

        for (int fields = 1; ; fields++)
        {
            int start = _fields.PassSpaces(position);
            ValueSpelling spelling = default;
            Match isQuoted = _fields.FindQuote(start);
            position = isQuoted == Match.Yes ? _fields.PassQuote(start) : start;
            int next = -1;
            FieldStop stop = isQuoted == Match.Undecided ? FieldStop.Undecided
                : isQuoted == Match.Yes ? PassQuoted(ref position, out next)
                : _fields.PassUnquoted(ref position, ref spelling, out next);
            bool isStray = isQuoted == Match.No && syntax.HasQuote && _window[start..position].IndexOf(syntax.Quote) >= 0;
            bool isEnd = stop == FieldStop.LineEnd || (stop == FieldStop.End && _isFinal);
            if (stop == FieldStop.Malformed || isStray || position > limit)
            {
                return Verdict.Unclean;
            }

            if (stop != FieldStop.Delimiter && !isEnd)
            {
                return _isCut ? Verdict.Unclean : Verdict.Undecided;
            }

            position = next < 0 ? position : next;
            if (isEnd)
            {
                return _shape.Fits(fields) ? Verdict.Clean : Verdict.Unclean;
            }
        }
    }

    /// <summary>Goes past the closing quote.</summary>
    private readonly FieldStop PassQuoted(ref int position, out int next)
    {
        ValueSpelling spelling = default;
        FieldStop stop;
        while ((stop = _fields.PassQuoted(ref position, ref spelling, out next)) == FieldStop.LineEnd)
        {
            position = next;
        }

        if (stop == FieldStop.Quote)
        {
            position = next;
            return _fields.StopBehindQuote(position, out next);
        }

        return stop == FieldStop.End && _isFinal ? FieldStop.Malformed : stop;
    }
}
