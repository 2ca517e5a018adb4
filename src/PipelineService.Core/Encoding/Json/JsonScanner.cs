using System.Text.Unicode;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Json;

/// <summary>
/// Looks whether text is JSON (RFC 8259) that PostgreSQL stores as jsonb without loss: beside the grammar it refuses
/// <c>\u0000</c> and lone surrogates, which text cannot hold, numbers beyond numeric, and repeated member names, of which
/// jsonb would silently keep the last. A json column is held to the same, so that the column type can be changed later.
/// </summary>
/// <remarks>Malformed text is <see cref="RecordErrorCode.TypeMismatch"/>: a value of another type.</remarks>
internal ref struct JsonScanner
{
    private readonly ReadOnlySpan<byte> _json;
    private JsonReader _reader;
    private MemberNames _names;
    private int _objects;
    private int _count;

    private JsonScanner(ReadOnlySpan<byte> json)
    {
        _json = json;
        _reader = new JsonReader(json);
    }

    /// <summary>Scans one value with nothing but blanks around it.</summary>
    /// <param name="json">The text, not known to be valid UTF-8.</param>
    /// <param name="count">Members of an object, elements of an array, 0 for other values.</param>
    public static RecordErrorCode Scan(ReadOnlySpan<byte> json, out int count)
    {
        count = 0;
        if (!Utf8.IsValid(json))
        {
            return RecordErrorCode.InvalidUtf8;
        }

        var scanner = new JsonScanner(json);
        RecordErrorCode code = scanner.ReadValue(depth: 0);
        scanner._names.Dispose();
        scanner._reader.SkipBlanks();
        count = scanner._count;
        return code == RecordErrorCode.None && !scanner._reader.IsAtEnd ? RecordErrorCode.TypeMismatch : code;
    }

    /// <summary>The first byte that is no blank, which tells the kind of the value; 0 when there is none.</summary>
    public static byte FirstByte(ReadOnlySpan<byte> json)
    {
        int start = json.IndexOfAnyExcept(" \t\r\n"u8);
        return start < 0 ? (byte)0 : json[start];
    }

    private RecordErrorCode ReadValue(int depth)
    {
        _reader.SkipBlanks();
        return _reader.Peek() switch
        {
            (byte)'{' => ReadObject(depth + 1),
            (byte)'[' => ReadArray(depth + 1),
            (byte)'"' => ReadString(out _, out _, out _),
            (byte)'t' => ReadLiteral("true"u8),
            (byte)'f' => ReadLiteral("false"u8),
            (byte)'n' => ReadLiteral("null"u8),
            _ => ReadNumber(),
        };
    }

    private RecordErrorCode ReadObject(int depth)
    {
        if (depth > JsonGrammar.DepthMax)
        {
            return RecordErrorCode.MalformedJson;
        }

        int id = _objects++;
        int count = 0;
        _reader.TryTake((byte)'{');
        _reader.SkipBlanks();
        if (_reader.TryTake((byte)'}'))
        {
            return RecordErrorCode.None;
        }

        do
        {
            _reader.SkipBlanks();
            RecordErrorCode code = ReadString(out int start, out int length, out bool isEscaped);
            if (code != RecordErrorCode.None)
            {
                return code;
            }

            if (!_names.Add(id, _json, start, length, isEscaped))
            {
                return RecordErrorCode.DuplicateField;
            }

            _reader.SkipBlanks();
            if (!_reader.TryTake((byte)':'))
            {
                return RecordErrorCode.TypeMismatch;
            }

            code = ReadValue(depth);
            if (code != RecordErrorCode.None)
            {
                return code;
            }

            count++;
            _reader.SkipBlanks();
        }
        while (_reader.TryTake((byte)','));

        return Close((byte)'}', depth, count);
    }

    private RecordErrorCode ReadArray(int depth)
    {
        if (depth > JsonGrammar.DepthMax)
        {
            return RecordErrorCode.MalformedJson;
        }

        int count = 0;
        _reader.TryTake((byte)'[');
        _reader.SkipBlanks();
        if (_reader.TryTake((byte)']'))
        {
            return RecordErrorCode.None;
        }

        do
        {
            RecordErrorCode code = ReadValue(depth);
            if (code != RecordErrorCode.None)
            {
                return code;
            }

            count++;
            _reader.SkipBlanks();
        }
        while (_reader.TryTake((byte)','));

        return Close((byte)']', depth, count);
    }

    private RecordErrorCode Close(byte bracket, int depth, int count)
    {
        if (depth == 1)
        {
            _count = count;
        }

        return _reader.TryTake(bracket) ? RecordErrorCode.None : RecordErrorCode.TypeMismatch;
    }

    private RecordErrorCode ReadString(out int start, out int length, out bool isEscaped)
    {
        if (!_reader.TryReadString(out start, out length, out isEscaped))
        {
            return RecordErrorCode.TypeMismatch;
        }

        return isEscaped ? JsonEscape.Check(_json.Slice(start, length)) : RecordErrorCode.None;
    }

    private RecordErrorCode ReadLiteral(ReadOnlySpan<byte> literal) =>
        _reader.TryReadLiteral(literal) ? RecordErrorCode.None : RecordErrorCode.TypeMismatch;

    private RecordErrorCode ReadNumber()
    {
        if (!_reader.TryReadNumber(out ReadOnlySpan<byte> text) || !DecimalText.TryParse(text, out DecimalText number))
        {
            return RecordErrorCode.TypeMismatch;
        }

        return !number.HasNumericExponent || number.Scale > NumericBinary.ScaleMax
            || (!number.IsZero && number.FirstWeight > NumericBinary.FirstWeightMax)
            ? RecordErrorCode.OutOfRange
            : RecordErrorCode.None;
    }
}
