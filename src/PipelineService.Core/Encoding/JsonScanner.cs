using System.Buffers;
using System.Text.Unicode;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>
/// Looks whether text is JSON (RFC 8259) that PostgreSQL stores as jsonb without loss: beside the grammar it refuses
/// <c>\u0000</c> and lone surrogates, which text cannot hold, numbers beyond numeric, and repeated member names, of which
/// jsonb would silently keep the last. A json column is held to the same, so that the column type can be changed later.
/// </summary>
/// <remarks>
/// Not Utf8JsonReader: that one throws on malformed text, which costs ten thousand times a value, and lets all of the above
/// pass. Malformed text is <see cref="RecordErrorCode.TypeMismatch"/>: a value of another type.
/// </remarks>
internal ref struct JsonScanner
{
    /// <summary>Deepest nesting that is taken; the limit of the JSON readers of .NET.</summary>
    public const int DepthMax = 64;

    private static readonly SearchValues<byte> EndsOfPlainText = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789+-.eE"u8);

    private readonly ReadOnlySpan<byte> _json;
    private MemberNames _names;
    private int _position;
    private int _objects;
    private int _count;

    private JsonScanner(ReadOnlySpan<byte> json) => _json = json;

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
        scanner.SkipBlanks();
        count = scanner._count;
        return code == RecordErrorCode.None && scanner._position != json.Length ? RecordErrorCode.TypeMismatch : code;
    }

    /// <summary>The first byte that is no blank, which tells the kind of the value; 0 when there is none.</summary>
    public static byte FirstByte(ReadOnlySpan<byte> json)
    {
        int start = json.IndexOfAnyExcept(" \t\r\n"u8);
        return start < 0 ? (byte)0 : json[start];
    }

    private RecordErrorCode ReadValue(int depth)
    {
        SkipBlanks();
        return Peek() switch
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
        if (depth > DepthMax)
        {
            return RecordErrorCode.MalformedJson;
        }

        int id = _objects++;
        int count = 0;
        _position++;
        SkipBlanks();
        if (TryTake((byte)'}'))
        {
            return RecordErrorCode.None;
        }

        do
        {
            SkipBlanks();
            RecordErrorCode code = ReadString(out int start, out int length, out bool isEscaped);
            if (code != RecordErrorCode.None)
            {
                return code;
            }

            if (!_names.Add(id, _json, start, length, isEscaped))
            {
                return RecordErrorCode.DuplicateField;
            }

            SkipBlanks();
            if (!TryTake((byte)':'))
            {
                return RecordErrorCode.TypeMismatch;
            }

            code = ReadValue(depth);
            if (code != RecordErrorCode.None)
            {
                return code;
            }

            count++;
            SkipBlanks();
        }
        while (TryTake((byte)','));

        return Close((byte)'}', depth, count);
    }

    private RecordErrorCode ReadArray(int depth)
    {
        if (depth > DepthMax)
        {
            return RecordErrorCode.MalformedJson;
        }

        int count = 0;
        _position++;
        SkipBlanks();
        if (TryTake((byte)']'))
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
            SkipBlanks();
        }
        while (TryTake((byte)','));

        return Close((byte)']', depth, count);
    }

    private RecordErrorCode Close(byte bracket, int depth, int count)
    {
        if (depth == 1)
        {
            _count = count;
        }

        return TryTake(bracket) ? RecordErrorCode.None : RecordErrorCode.TypeMismatch;
    }

    private RecordErrorCode ReadString(out int start, out int length, out bool isEscaped)
    {
        start = _position + 1;
        length = 0;
        isEscaped = false;
        if (!TryTake((byte)'"'))
        {
            return RecordErrorCode.TypeMismatch;
        }

        while (true)
        {
            int end = _json[_position..].IndexOfAny(EndsOfPlainText);
            if (end < 0)
            {
                return RecordErrorCode.TypeMismatch;
            }

            _position += end;
            if (TryTake((byte)'"'))
            {
                length = _position - 1 - start;
                return RecordErrorCode.None;
            }

            // A control character must be escaped, so it is malformed as an escape is not.
            isEscaped = true;
            RecordErrorCode code = TryTake((byte)'\\')
                ? JsonEscape.Check(_json, ref _position)
                : RecordErrorCode.TypeMismatch;
            if (code != RecordErrorCode.None)
            {
                return code;
            }
        }
    }

    private RecordErrorCode ReadLiteral(ReadOnlySpan<byte> literal)
    {
        if (!_json[_position..].StartsWith(literal))
        {
            return RecordErrorCode.TypeMismatch;
        }

        _position += literal.Length;
        return RecordErrorCode.None;
    }

    /// <summary>Stricter than <see cref="DecimalText"/>: no plus, no leading zero, digits around the point.</summary>
    private RecordErrorCode ReadNumber()
    {
        ReadOnlySpan<byte> rest = _json[_position..];
        int end = rest.IndexOfAnyExcept(NumberBytes);
        ReadOnlySpan<byte> text = end < 0 ? rest : rest[..end];
        if (!DecimalText.TryParse(text, out DecimalText number))
        {
            return RecordErrorCode.TypeMismatch;
        }

        ReadOnlySpan<byte> digits = number.IsNegative ? text[1..] : text;
        int point = text.IndexOf((byte)'.');
        if (!IsDigitAt(digits, 0)
            || (digits[0] == '0' && IsDigitAt(digits, 1))
            || (point >= 0 && !IsDigitAt(text, point + 1)))
        {
            return RecordErrorCode.TypeMismatch;
        }

        _position += text.Length;
        return number.FirstWeight > NumericBinary.FirstWeightMax || number.Scale > NumericBinary.ScaleMax
            ? RecordErrorCode.OutOfRange
            : RecordErrorCode.None;
    }

    private readonly byte Peek() => _position < _json.Length ? _json[_position] : (byte)0;

    private bool TryTake(byte expected)
    {
        if (Peek() != expected)
        {
            return false;
        }

        _position++;
        return true;
    }

    private void SkipBlanks()
    {
        while (Peek() is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            _position++;
        }
    }

    private static bool IsDigitAt(ReadOnlySpan<byte> text, int index) =>
        index < text.Length && char.IsAsciiDigit((char)text[index]);
}
