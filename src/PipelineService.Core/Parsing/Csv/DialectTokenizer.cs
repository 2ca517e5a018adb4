using System.Runtime.CompilerServices;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// Reads the records of delimited text in any dialect: what <see cref="CsvTokenizer"/> is for common ones, one that jumps from one
/// byte that may mean something to the next. Obeys <see cref="CsvRules"/>; its plain twin is <see cref="CsvTokenizerPlain"/>.
/// </summary>
/// <remarks>
/// <see cref="CsvRecordScanner"/> finds boundaries with this same code. One reader per run of bytes; it is not to be copied while
/// in use.
/// <para>
/// A chunk must not end behind a comment that has an escape before its line end, if there are records before that: one that is at
/// fault because it goes on through the comment, and for too long, would be whole where the bytes end there. So records are
/// followed by such comments only together with what comes behind them.
/// </para>
/// </remarks>
internal ref struct DialectTokenizer : ICsvTokenizer
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly Span<RecordValue> _values;
    private readonly CsvSyntax _syntax;
    private readonly int _recordBytesMax;
    private readonly bool _skipBlankLines;
    private readonly bool _isFinal;
    private readonly DialectFields _fields;
    private readonly RecordShape? _shape;
    private DialectLookahead _lookahead;
    private int _faultAt;
    private int _judgedTo;

    /// <summary>Whether a field of the record that spans lines ends where one begins: as if a quote before it were missing.</summary>
    private bool _isSuspect;
    private int _position;
    private int _lines;
    private (int Position, int Lines) _cut;
    private (int Position, int Lines) _before;
    private bool _hasRecords;

    /// <param name="bytes">Whole records unless more may follow, starting at a record's start.</param>
    /// <param name="syntax">How they are written.</param>
    /// <param name="recordBytesMax">The longest record, without its line end.</param>
    /// <param name="skipBlankLines">Whether an empty line is no record: true unless records have a single field.</param>
    /// <param name="isFinal">Whether no byte follows.</param>
    /// <param name="values">Takes the fields of each record; what finds no room is only counted.</param>
    /// <param name="shape">What its records have in common, for <see cref="CsvResync"/>; null where that is not known.</param>
    public DialectTokenizer(
        ReadOnlySpan<byte> bytes, CsvSyntax syntax, int recordBytesMax, bool skipBlankLines, bool isFinal, Span<RecordValue> values,
        RecordShape? shape = null)
    {
        _shape = syntax.Comment.IsEmpty ? shape : null; // a line in quotes may be a comment by itself
        _bytes = bytes;
        _values = values;
        _syntax = syntax;
        _recordBytesMax = recordBytesMax;
        _skipBlankLines = skipBlankLines;
        _isFinal = isFinal;
        _fields = new DialectFields(bytes, syntax, isFinal);
        _lookahead = new DialectLookahead(recordBytesMax, isFinal);
    }

    /// <inheritdoc/>
    public readonly int Position => _isFinal && _position == _bytes.Length ? _position : _cut.Position;

    /// <inheritdoc/>
    public readonly int Lines => _isFinal && _position == _bytes.Length ? _lines : _cut.Lines;

    /// <inheritdoc/>
    public int WholeTo { get; private set; }

    /// <inheritdoc/>
    public readonly ScanResult CutBefore(in CsvRecord record) =>
        new(_before.Position, Records: 0, _before.Lines, RecordTooLong: _before.Position == record.Start);

    /// <inheritdoc/>
    public bool Read(out CsvRecord record)
    {
        record = default;
        while (_position < _bytes.Length)
        {
            switch (PassNoRecord(_position, out int next))
            {
                case FieldStop.LineEnd:
                    Pass(next);
                    break;
                case FieldStop.Undecided:
                    return false;
                case FieldStop.Malformed:
                    return ReadFaulty(_position, out record);
                default:
                    return ReadRecord(_position, out record);
            }
        }

        return false;
    }

    /// <summary>Whether a line begins that is no record: empty, or a comment, which ends at the first line end.</summary>
    /// <returns>A line end for one that is none; none for a record; malformed for a comment over the limit.</returns>
    private readonly FieldStop PassNoRecord(int start, out int next)
    {
        next = -1;
        Match isEmpty = _skipBlankLines ? _syntax.FindLineEnd(_bytes, start, _isFinal, out next) : Match.No;
        if (isEmpty != Match.No)
        {
            return isEmpty == Match.Yes ? FieldStop.LineEnd : FieldStop.Undecided;
        }

        Match isComment =
            _syntax.Comment.IsEmpty ? Match.No : CsvSyntax.Find(_bytes, start, _syntax.Comment, _isFinal);
        if (isComment != Match.Yes)
        {
            return isComment == Match.No ? FieldStop.None : FieldStop.Undecided;
        }

        int end = _syntax.EndOfComment(_bytes, start, _isFinal, out next);
        if (end - start > _recordBytesMax)
        {
            return FieldStop.Malformed;
        }

        next = next < 0 && _isFinal ? _bytes.Length : next;
        return next < 0 ? FieldStop.Undecided : FieldStop.LineEnd;
    }

    /// <summary>Goes past a line that is no record.</summary>
    private void Pass(int next)
    {
        int start = _position;
        _lines++;
        _position = next;
        if (_syntax.HasEscape && _hasRecords)
        {
            _ = _syntax.EndOfLine(_bytes[..next], start, isFinal: true, out int end);
            _cut = end == next ? (_position, _lines) : _cut;
        }
        else
        {
            _cut = (_position, _lines);
        }
    }

    private bool ReadRecord(int start, out CsvRecord record)
    {
        record = default;
        (int fieldCount, bool hasLineEnds, int position) = (0, false, start);
        while (true)
        {
            int fieldStart = _fields.PassSpaces(position);
            ValueSpelling spelling = ValueSpelling.Plain;
            Match isQuoted = _fields.FindQuote(fieldStart);
            position = isQuoted == Match.Yes ? _fields.PassQuote(fieldStart) : fieldStart;
            fieldStart = position;
            int next = -1;
            FieldStop stop = isQuoted == Match.Undecided ? FieldStop.Undecided
                : isQuoted == Match.Yes ? PassQuotes(start, ref position, ref spelling, ref hasLineEnds, out next)
                : _fields.PassUnquoted(ref position, ref spelling, out next);
            int fieldEnd = position;
            if (stop == FieldStop.Quote)
            {
                position = next;
                stop = _fields.StopBehindQuote(position, out next);
            }
            else if (stop == FieldStop.End && isQuoted == Match.Yes && _isFinal)
            {
                stop = FieldStop.Malformed;
            }

            if (stop == FieldStop.Malformed || position - start > _recordBytesMax)
            {
                _faultAt = Math.Max(_faultAt, position);
                return ReadFaulty(start, out record);
            }

            if (stop == FieldStop.Undecided || (stop == FieldStop.End && !_isFinal))
            {
                return false;
            }

            AddField(fieldCount++, fieldStart, fieldEnd, isQuoted == Match.Yes, spelling);
            hasLineEnds |= spelling != ValueSpelling.Plain && _syntax.HasEscape;
            if (stop == FieldStop.Delimiter)
            {
                position = next;
                continue;
            }

            if (_isSuspect && _shape is not null)
            {
                _isSuspect = false;
                CsvResync resync = new(_bytes, start, _shape, _recordBytesMax, _isFinal);
                QuotedVerdict verdict = resync.LookInto(position);
                if (verdict != QuotedVerdict.Closed)
                {
                    return verdict == QuotedVerdict.Malformed && FinishApart(start, resync, out record);
                }
            }

            int lines = hasLineEnds ? 1 + _syntax.LineEndsIn(_bytes[start..position]) : 1;
            record = new(start, position - start, _lines, lines, fieldCount, RecordErrorCode.None);
            return Finish(record, stop == FieldStop.LineEnd ? next : position);
        }
    }

    /// <summary>Goes to the closing quote of a field, past line ends as far as the record is well-formed as a whole.</summary>
    private FieldStop PassQuotes(
        int start, ref int position, ref ValueSpelling spelling, ref bool hasLineEnds, out int next)
    {
        bool isOverLines = false;
        while (true)
        {
            FieldStop stop = _fields.PassQuoted(ref position, ref spelling, out next);
            if (stop != FieldStop.LineEnd)
            {
                _isSuspect |= stop == FieldStop.Quote && isOverLines && IsFieldStart(position);
                return stop;
            }

            isOverLines = true;

            QuotedVerdict verdict = _lookahead.Look(_fields, start, position, next);
            if (verdict != QuotedVerdict.Closed)
            {
                _faultAt = _lookahead.FailedAt;
                return verdict == QuotedVerdict.Malformed ? FieldStop.Malformed : FieldStop.Undecided;
            }

            hasLineEnds = true;
            position = next;
        }
    }

    private readonly bool IsFieldStart(int position)
    {
        ReadOnlySpan<byte> before = _syntax.SkipsSpaces ? _bytes[..position].TrimEnd((byte)' ') : _bytes[..position];
        return before.EndsWith(_syntax.Delimiter) || _syntax.WithoutLineEnd(before).Length < before.Length;
    }

    /// <summary>The record at fault has several lines.</summary>
    private bool FinishApart(int start, CsvResync resync, out CsvRecord record)
    {
        ReadOnlySpan<byte> raw = _syntax.WithoutLineEnd(_bytes[start..resync.End]);
        record = new(start, raw.Length, _lines, 1 + _syntax.LineEndsIn(raw), FieldCount: 0, RecordErrorCode.UnterminatedQuote);
        WholeTo = resync.EvidenceEnd;
        _lookahead = new DialectLookahead(_recordBytesMax, _isFinal); // what it knows is of the record as it looked
        return Finish(record, resync.End);
    }

    /// <summary>Rules 4 to 6: a record at fault is its first line, or those that <see cref="CsvResync"/> finds to be its.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool ReadFaulty(int start, out CsvRecord record)
    {
        record = default;
        int end = _syntax.EndOfLine(_bytes, start, _isFinal, out int next);
        bool isTooLong = end - start > _recordBytesMax;
        bool isOpen = next < 0 && !_isFinal;
        if (isOpen && !isTooLong)
        {
            return false;
        }

        (int faultAt, _isSuspect) = (_faultAt, false);
        _faultAt = 0;
        if (!isTooLong && _shape is not null && next >= 0 && faultAt >= next)
        {
            CsvResync resync = new(_bytes, start, _shape, _recordBytesMax, _isFinal);
            QuotedVerdict verdict = resync.Look(faultAt, ref _judgedTo);
            if (verdict != QuotedVerdict.Closed)
            {
                return verdict == QuotedVerdict.Malformed && FinishApart(start, resync, out record);
            }
        }

        // The open end of a line that is too long is not waited for: it may never come.
        next = next < 0 ? _bytes.Length : next;
        int lines = isTooLong || !_syntax.HasEscape ? 1 : 1 + _syntax.LineEndsIn(_bytes[start..end]);
        RecordErrorCode fault = isTooLong ? RecordErrorCode.RecordTooLong : RecordErrorCode.UnterminatedQuote;
        record = new(start, end - start, _lines, lines, FieldCount: 0, fault);
        return Finish(record, next);
    }

    private bool Finish(in CsvRecord record, int next)
    {
        _before = _cut;
        _lines += record.Lines;
        _position = next;
        _cut = (_position, _lines);
        _hasRecords = true;
        return true;
    }

    private readonly void AddField(int index, int start, int end, bool isQuoted, ValueSpelling spelling)
    {
        if ((uint)index < (uint)_values.Length)
        {
            bool isNull = !isQuoted && _syntax.HasNull && _bytes[start..end].SequenceEqual(_syntax.Null);
            _values[index] = isNull
                ? new RecordValue(start, end - start, ValueKind.Null, ValueSpelling.Plain)
                : new RecordValue(start, end - start, ValueKind.Text, spelling);
        }
    }
}
