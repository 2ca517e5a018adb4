using System.Runtime.CompilerServices;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// Reads the records of delimited text in common dialects (see <see cref="CsvSyntax.IsCommon"/>) as slices of its bytes, with
/// vector instructions. Obeys <see cref="CsvRules"/>; its plain twin is <see cref="CsvTokenizerPlain"/>, its counterpart for all
/// other dialects <see cref="DialectTokenizer"/>.
/// </summary>
/// <remarks>
/// <see cref="CsvRecordScanner"/> finds boundaries with this same code, only blind for delimiters: so the two agree by
/// construction. One reader per run of bytes; it is not to be copied while in use.
/// </remarks>
public ref struct CsvTokenizer : ICsvTokenizer
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly Span<RecordValue> _fields;
    private readonly byte _delimiter;
    private readonly byte _quote;
    private readonly int _recordBytesMax;
    private readonly bool _skipBlankLines;
    private readonly bool _isFinal;
    private readonly RecordShape? _shape;
    private StructuralBytes _structure;
    private CsvLookahead _lookahead;
    private int _faultAt;
    private int _judgedTo;

    /// <summary>Whether a field of the record that spans lines ends where one begins: as if a quote before it were missing.</summary>
    private bool _isSuspect;

    /// <param name="bytes">Whole records, starting at a record's start.</param>
    /// <param name="dialect">How they are written.</param>
    /// <param name="recordBytesMax">The longest record, without its line end.</param>
    /// <param name="skipBlankLines">Whether an empty line is no record: true unless records have a single
    /// field.</param>
    /// <param name="fields">Takes the fields of each record; what finds no room is only counted.</param>
    /// <param name="shape">What its records have in common, for <see cref="CsvResync"/>; null where that is not known.</param>
    public CsvTokenizer(
        ReadOnlySpan<byte> bytes, CsvDialect dialect, int recordBytesMax, bool skipBlankLines, Span<RecordValue> fields,
        RecordShape? shape = null)
        : this(bytes, dialect, recordBytesMax, skipBlankLines, isFinal: true, (byte)dialect.Delimiter[0], shape)
    {
        _fields = fields;
    }

    private CsvTokenizer(
        ReadOnlySpan<byte> bytes,
        CsvDialect dialect,
        int recordBytesMax,
        bool skipBlankLines,
        bool isFinal,
        byte visibleDelimiter,
        RecordShape? shape)
    {
        _bytes = bytes;
        _delimiter = (byte)dialect.Delimiter[0];
        _quote = (byte)dialect.QuoteChar[0];
        _recordBytesMax = recordBytesMax;
        _skipBlankLines = skipBlankLines;
        _isFinal = isFinal;
        _shape = shape;
        _structure = new StructuralBytes(bytes, visibleDelimiter, _quote);
        _lookahead = new CsvLookahead(_delimiter, _quote, recordBytesMax, isFinal);
    }

    /// <inheritdoc/>
    public int Position { get; private set; }

    /// <inheritdoc/>
    public int Lines { get; private set; }

    /// <inheritdoc/>
    public int WholeTo { get; private set; }

    /// <inheritdoc/>
    public readonly ScanResult CutBefore(in CsvRecord record) =>
        new(record.Start, Records: 0, record.FirstLine, RecordTooLong: record.Fault == RecordErrorCode.RecordTooLong);

    /// <summary>A reader that only finds boundaries, in bytes that may go on.</summary>
    internal static CsvTokenizer ForBoundaries(
        ReadOnlySpan<byte> bytes, CsvDialect dialect, int recordBytesMax, bool skipBlankLines, bool isFinal, RecordShape? shape) =>
        new(bytes, dialect, recordBytesMax, skipBlankLines, isFinal, visibleDelimiter: (byte)dialect.QuoteChar[0], shape);

    /// <inheritdoc/>
    public bool Read(out CsvRecord record)
    {
        // Worked on as a local, so that its mask stays in a register.
        StructuralBytes structure = _structure;
        ReadOnlySpan<byte> bytes = _bytes;
        int start = Position;
        int fieldStart = start;
        int fieldCount = 0;
        int lines = 1;
        int quotes = 0;
        ValueSpelling spelling = ValueSpelling.Plain;
        while (true)
        {
            int position = structure.Next();
            if (position == bytes.Length)
            {
                if (position - start > _recordBytesMax)
                {
                    return ReadFaulty(start, out record);
                }

                if (position == start || !_isFinal)
                {
                    record = default;
                    return false;
                }

                if (_isSuspect && IsTakenApart(start, position, out bool isApart, out record))
                {
                    return isApart;
                }

                AddField(fieldCount++, fieldStart, position, quotes, spelling);
                record = new(start, position - start, Lines, lines, fieldCount, RecordErrorCode.None);
                return Finish(record, position, structure);
            }

            byte found = bytes[position];
            if (found == _delimiter)
            {
                AddField(fieldCount++, fieldStart, position, quotes, spelling);
                fieldStart = position + 1;
                quotes = 0;
                spelling = ValueSpelling.Plain;
            }
            else if (found == _quote)
            {
                if (position != start && bytes[position - 1] != _delimiter)
                {
                    continue;
                }

                quotes = 1;
                QuotedVerdict verdict = PassQuoted(ref structure, start, ref lines, ref spelling);
                if (verdict != QuotedVerdict.Closed)
                {
                    record = default;
                    return verdict == QuotedVerdict.Malformed && ReadFaulty(start, out record);
                }
            }
            else
            {
                int next = CsvRules.BehindLineEnd(bytes, position, _isFinal);
                if (position - start > _recordBytesMax)
                {
                    return ReadFaulty(start, out record);
                }

                if (next < 0)
                {
                    record = default;
                    return false;
                }

                if (next > position + 1)
                {
                    structure.Next();
                }

                if (position == start && _skipBlankLines)
                {
                    Lines++;
                    Position = start = fieldStart = next;
                    _structure = structure;
                    continue;
                }

                if (_isSuspect && IsTakenApart(start, position, out bool isApart, out record))
                {
                    return isApart;
                }

                AddField(fieldCount++, fieldStart, position, quotes, spelling);
                record = new(start, position - start, Lines, lines, fieldCount, RecordErrorCode.None);
                return Finish(record, next, structure);
            }
        }
    }

    /// <summary>Goes to the closing quote of the field whose opening quote was found last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private QuotedVerdict PassQuoted(ref StructuralBytes structure, int start, ref int lines, ref ValueSpelling spelling)
    {
        ReadOnlySpan<byte> bytes = _bytes;
        int before = lines;
        while (true)
        {
            int position = structure.Next();
            if (position == bytes.Length)
            {
                _faultAt = position;
                return _isFinal || position - start > _recordBytesMax
                    ? QuotedVerdict.Malformed
                    : QuotedVerdict.Undecided;
            }

            byte found = bytes[position];
            if (found == _quote)
            {
                if (position + 1 == bytes.Length || bytes[position + 1] != _quote)
                {
                    _faultAt = position;
                    _isSuspect |= lines > before
                        && (bytes[position - 1] == _delimiter || bytes[position - 1] is (byte)'\n' or (byte)'\r');
                    return CsvRules.MayFollowQuote(bytes, position + 1, _delimiter)
                        ? QuotedVerdict.Closed
                        : QuotedVerdict.Malformed;
                }

                structure.Next();
                spelling = ValueSpelling.CsvDoubled;
            }
            else if (found != _delimiter)
            {
                QuotedVerdict verdict = _lookahead.Look(bytes, start, position);
                if (verdict != QuotedVerdict.Closed)
                {
                    _faultAt = _lookahead.FailedAt;
                    return verdict;
                }

                // The closing quote is still to come, so a byte follows. The CR of a CRLF is not counted, the LF is.
                lines += found == (byte)'\n' || bytes[position + 1] != (byte)'\n' ? 1 : 0;
            }
        }
    }

    /// <summary>Whether a record that spans lines ends before, or it is not known yet.</summary>
    /// <param name="end">Where it ends, without its line end.</param>
    /// <param name="isApart">Whether it is at fault: if not, more bytes are needed.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsTakenApart(int start, int end, out bool isApart, out CsvRecord record)
    {
        (isApart, record, _isSuspect) = (false, default, false);
        if (_shape is null)
        {
            return false;
        }

        CsvResync resync = new(_bytes, start, _shape, _recordBytesMax, _isFinal);
        QuotedVerdict verdict = resync.LookInto(end);
        isApart = verdict == QuotedVerdict.Malformed && FinishApart(start, resync, out record);
        return verdict != QuotedVerdict.Closed;
    }

    /// <summary>The record at fault has several lines.</summary>
    private bool FinishApart(int start, CsvResync resync, out CsvRecord record)
    {
        int length = _shape!.Syntax.WithoutLineEnd(_bytes[start..resync.End]).Length;
        record = new(start, length, Lines, resync.Lines, FieldCount: 0, RecordErrorCode.UnterminatedQuote);
        WholeTo = resync.EvidenceEnd;
        _lookahead = new CsvLookahead(_delimiter, _quote, _recordBytesMax, _isFinal); // what it knows is of the record as it looked
        _structure.Seek(resync.End);
        return Finish(record, resync.End, _structure);
    }

    /// <summary>Rules 4 to 6: a record at fault is its first physical line, or those that <see cref="CsvResync"/> finds to be its.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool ReadFaulty(int start, out CsvRecord record)
    {
        record = default;
        _isSuspect = false;
        int length = _bytes[start..].IndexOfAny((byte)'\n', (byte)'\r');
        int next = length < 0 ? _bytes.Length : CsvRules.BehindLineEnd(_bytes, start + length, _isFinal);
        bool lineEndIsOpen = next < 0 || (length < 0 && !_isFinal);
        length = length < 0 ? _bytes.Length - start : length;
        bool isTooLong = length > _recordBytesMax;
        if (lineEndIsOpen && !isTooLong)
        {
            return false;
        }

        if (!isTooLong && _shape is not null && _faultAt >= next)
        {
            CsvResync resync = new(_bytes, start, _shape, _recordBytesMax, _isFinal);
            QuotedVerdict verdict = resync.Look(_faultAt, ref _judgedTo);
            if (verdict != QuotedVerdict.Closed)
            {
                return verdict == QuotedVerdict.Malformed && FinishApart(start, resync, out record);
            }
        }

        // The open end of a line that is too long is not waited for: it may never come.
        next = lineEndIsOpen ? _bytes.Length : next;
        RecordErrorCode fault = isTooLong ? RecordErrorCode.RecordTooLong : RecordErrorCode.UnterminatedQuote;
        _structure.Seek(next);
        record = new(start, length, Lines, 1, FieldCount: 0, fault);
        return Finish(record, next, _structure);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Finish(in CsvRecord record, int next, StructuralBytes structure)
    {
        Lines += record.Lines;
        Position = next;
        _structure = structure;
        return true;
    }

    /// <param name="quotes">1 when there are quotes around the text, which it is without; else 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void AddField(int index, int start, int end, int quotes, ValueSpelling spelling)
    {
        if ((uint)index < (uint)_fields.Length)
        {
            _fields[index] = new RecordValue(start + quotes, end - start - (2 * quotes), ValueKind.Text, spelling);
        }
    }
}
