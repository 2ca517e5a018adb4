using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// The plain twin of <see cref="CsvTokenizer"/>: byte by byte, one record at a time, each looked at from its start.
/// Slow, and meant to be read beside <see cref="CsvRules"/>; tests hold the fast one against it.
/// </summary>
internal ref struct CsvTokenizerPlain(
    ReadOnlySpan<byte> bytes, CsvDialect dialect, int recordBytesMax, bool skipBlankLines, Span<RecordValue> fields)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly Span<RecordValue> _fields = fields;
    private int _position;
    private int _lines;
    private int _fieldCount;

    public bool Read(out CsvRecord record)
    {
        while (skipBlankLines && _position < _bytes.Length && IsLineEnd(_position))
        {
            _position = BehindLineEnd(_position);
            _lines++;
        }

        if (_position == _bytes.Length)
        {
            record = default;
            return false;
        }

        int start = _position;
        int lineEnd = FirstLineEnd(start);
        int end = ReadFields(start);
        RecordErrorCode fault = lineEnd - start > recordBytesMax ? RecordErrorCode.RecordTooLong
            : end < 0 || end - start > recordBytesMax ? RecordErrorCode.UnterminatedQuote
            : RecordErrorCode.None;
        if (fault != RecordErrorCode.None)
        {
            end = lineEnd;
            _fieldCount = 0;
        }

        int lines = 1 + (fault == RecordErrorCode.None ? LineEndsIn(start, end) : 0);
        record = new CsvRecord(start, end - start, _lines, lines, _fieldCount, fault);
        _lines += lines;
        _position = end < _bytes.Length ? BehindLineEnd(end) : end;
        return true;
    }

    /// <summary>Where the record ends, without its line end; −1 when its quotes are at fault.</summary>
    private int ReadFields(int start)
    {
        _fieldCount = 0;
        int position = start;
        while (true)
        {
            position = position < _bytes.Length && _bytes[position] == dialect.Quote
                ? ReadQuoted(position)
                : ReadUnquoted(position);
            if (position < 0 || position == _bytes.Length || IsLineEnd(position))
            {
                return position;
            }

            position++;
        }
    }

    private int ReadUnquoted(int start)
    {
        int end = start;
        while (end < _bytes.Length && _bytes[end] != dialect.Delimiter && !IsLineEnd(end))
        {
            end++;
        }

        AddField(new RecordValue(start, end - start, ValueKind.Text, ValueSpelling.Plain));
        return end;
    }

    private int ReadQuoted(int start)
    {
        ValueSpelling spelling = ValueSpelling.Plain;
        for (int i = start + 1; i < _bytes.Length; i++)
        {
            if (_bytes[i] != dialect.Quote)
            {
                continue;
            }

            int next = i + 1;
            if (next < _bytes.Length && _bytes[next] == dialect.Quote)
            {
                spelling = ValueSpelling.CsvDoubled;
                i++;
                continue;
            }

            AddField(new RecordValue(start + 1, i - start - 1, ValueKind.Text, spelling));
            return next == _bytes.Length || _bytes[next] == dialect.Delimiter || IsLineEnd(next) ? next : -1;
        }

        return -1;
    }

    private void AddField(RecordValue field)
    {
        if (_fieldCount < _fields.Length)
        {
            _fields[_fieldCount] = field;
        }

        _fieldCount++;
    }

    private readonly int FirstLineEnd(int start)
    {
        int end = start;
        while (end < _bytes.Length && !IsLineEnd(end))
        {
            end++;
        }

        return end;
    }

    private readonly int LineEndsIn(int start, int end)
    {
        int count = 0;
        for (int i = start; i < end; i++)
        {
            bool isFirstOfTwo = _bytes[i] == (byte)'\r' && i + 1 < end && _bytes[i + 1] == (byte)'\n';
            count += IsLineEnd(i) && !isFirstOfTwo ? 1 : 0;
        }

        return count;
    }

    private readonly bool IsLineEnd(int position) => _bytes[position] is (byte)'\n' or (byte)'\r';

    private readonly int BehindLineEnd(int position)
    {
        int next = position + 1;
        bool isCrLf = _bytes[position] == (byte)'\r' && next < _bytes.Length && _bytes[next] == (byte)'\n';
        return isCrLf ? next + 1 : next;
    }
}
