using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// The plain twin of <see cref="CsvTokenizer"/> and <see cref="DialectTokenizer"/>: byte by byte, one record at a time, each looked
/// at from its start. Slow, and meant to be read beside <see cref="CsvRules"/>; tests hold the fast ones against it.
/// </summary>
internal ref struct CsvTokenizerPlain(
    ReadOnlySpan<byte> bytes, CsvDialect dialect, int recordBytesMax, bool skipBlankLines, Span<RecordValue> fields)
{
    private const int Malformed = -1;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly Span<RecordValue> _fields = fields;
    private readonly byte[] _delimiter = Text.UTF8.GetBytes(dialect.Delimiter);
    private readonly byte[] _quote = Text.UTF8.GetBytes(dialect.QuoteChar);
    private readonly byte[] _escape = Text.UTF8.GetBytes(dialect.EscapeChar ?? "");
    private readonly byte[] _comment = Text.UTF8.GetBytes(dialect.CommentChar ?? "");
    private readonly byte[] _lineEnd = Text.UTF8.GetBytes(dialect.LineTerminator ?? "");
    private readonly byte[]? _null = dialect.NullSequence is null ? null : Text.UTF8.GetBytes(dialect.NullSequence);
    private int _position;
    private int _lines;
    private int _fieldCount;

    public bool Read(out CsvRecord record)
    {
        while (_position < _bytes.Length && BehindNoRecord(_position) is int behind and >= 0)
        {
            _position = behind;
            _lines++;
        }

        if (_position == _bytes.Length)
        {
            record = default;
            return false;
        }

        int start = _position;
        int lineEnd = EndOfLine(start, obeysEscapes: true);
        int end = ReadFields(start);
        RecordErrorCode fault = lineEnd - start > recordBytesMax ? RecordErrorCode.RecordTooLong
            : end == Malformed || end - start > recordBytesMax ? RecordErrorCode.UnterminatedQuote
            : RecordErrorCode.None;
        if (fault != RecordErrorCode.None)
        {
            end = lineEnd;
            _fieldCount = 0;
        }

        int lines = 1 + (fault == RecordErrorCode.RecordTooLong ? 0 : LineEndsIn(start, end));
        record = new CsvRecord(start, end - start, _lines, lines, _fieldCount, fault);
        _lines += lines;
        _position = end < _bytes.Length ? end + LineEndAt(end) : end;
        return true;
    }

    /// <summary>Where the next line starts if this one is empty or a comment; −1 for a record.</summary>
    private readonly int BehindNoRecord(int start)
    {
        if (skipBlankLines && LineEndAt(start) > 0)
        {
            return start + LineEndAt(start);
        }

        if (!Has(_comment, start))
        {
            return -1;
        }

        int end = EndOfLine(start, obeysEscapes: false);
        return end - start > recordBytesMax ? -1 : end + LineEndAt(end);
    }

    /// <summary>Where the record ends, without its line end; −1 when its quotes or escapes are at fault.</summary>
    private int ReadFields(int start)
    {
        _fieldCount = 0;
        int position = start;
        while (true)
        {
            while (dialect.SkipInitialSpace && position < _bytes.Length && _bytes[position] == (byte)' ')
            {
                position++;
            }

            position = Has(_quote, position) ? ReadQuoted(position + _quote.Length) : ReadUnquoted(position);
            if (position == Malformed || position == _bytes.Length || LineEndAt(position) > 0)
            {
                return position;
            }

            position += _delimiter.Length;
        }
    }

    private int ReadUnquoted(int start)
    {
        ValueSpelling spelling = ValueSpelling.Plain;
        int end = start;
        while (end < _bytes.Length && (Has(_escape, end) || (LineEndAt(end) == 0 && !Has(_delimiter, end))))
        {
            bool isEscape = Has(_escape, end);
            spelling = isEscape ? ValueSpelling.CsvEscaped : spelling;
            end = isEscape ? BehindEscaped(end) : end + 1;
            if (end == Malformed)
            {
                return Malformed;
            }
        }

        bool isNull = _null is not null && _bytes[start..end].SequenceEqual(_null);
        AddField(isNull
            ? new RecordValue(start, end - start, ValueKind.Null, ValueSpelling.Plain)
            : new RecordValue(start, end - start, ValueKind.Text, spelling));
        return end;
    }

    private int ReadQuoted(int start)
    {
        (bool hasDoubled, bool hasEscaped) = (false, false);
        int position = start;
        while (position < _bytes.Length)
        {
            if (Has(_escape, position))
            {
                hasEscaped = true;
                position = BehindEscaped(position);
                if (position == Malformed)
                {
                    return Malformed;
                }
            }
            else if (LineEndAt(position) > 0)
            {
                position += LineEndAt(position);
            }
            else if (!Has(_quote, position))
            {
                position++;
            }
            else if (dialect.DoubleQuote && Has(_quote, position + _quote.Length))
            {
                hasDoubled = true;
                position += 2 * _quote.Length;
            }
            else
            {
                ValueSpelling spelling = hasDoubled ? ValueSpelling.CsvDoubled
                    : hasEscaped ? ValueSpelling.CsvEscaped
                    : ValueSpelling.Plain;
                AddField(new RecordValue(start, position - start, ValueKind.Text, spelling));
                int next = position + _quote.Length;
                return next == _bytes.Length || LineEndAt(next) > 0 || Has(_delimiter, next) ? next : Malformed;
            }
        }

        return Malformed;
    }

    private void AddField(RecordValue field)
    {
        if (_fieldCount < _fields.Length)
        {
            _fields[_fieldCount] = field;
        }

        _fieldCount++;
    }

    private readonly int EndOfLine(int start, bool obeysEscapes)
    {
        int end = start;
        while (end < _bytes.Length)
        {
            if (obeysEscapes && Has(_escape, end))
            {
                end = BehindEscaped(end);
                if (end == Malformed)
                {
                    return _bytes.Length;
                }
            }
            else if (LineEndAt(end) > 0)
            {
                return end;
            }
            else
            {
                end++;
            }
        }

        return end;
    }

    private readonly int LineEndsIn(int start, int end)
    {
        int count = 0;
        for (int i = start; i < end; i += Math.Max(1, LineEndAt(i)))
        {
            count += LineEndAt(i) > 0 && i + LineEndAt(i) <= end ? 1 : 0;
        }

        return count;
    }

    private readonly bool Has(byte[] text, int position) =>
        text.Length > 0 && position <= _bytes.Length && _bytes[position..].StartsWith(text);

    /// <summary>Behind an escape and the byte, or the CRLF that would end a line, that it makes data; −1 when there is none.</summary>
    private readonly int BehindEscaped(int escape)
    {
        int escaped = escape + _escape.Length;
        return escaped >= _bytes.Length ? Malformed
            : dialect.EndsAtAnyLineEnd && _bytes[escaped] == (byte)'\r' ? escaped + LineEndAt(escaped)
            : escaped + 1;
    }

    /// <summary>Bytes of the line end at a position, 0 when there is none.</summary>
    private readonly int LineEndAt(int position)
    {
        if (!dialect.EndsAtAnyLineEnd)
        {
            return Has(_lineEnd, position) ? _lineEnd.Length : 0;
        }

        ReadOnlySpan<byte> rest = _bytes[position..];
        return rest.StartsWith("\r\n"u8) ? 2 : rest is [(byte)'\n' or (byte)'\r', ..] ? 1 : 0;
    }
}
