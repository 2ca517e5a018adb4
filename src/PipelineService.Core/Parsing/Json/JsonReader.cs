using System.Buffers;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Walks over JSON text by its grammar (RFC 8259) and nothing else: what strings and numbers mean is looked at by
/// others. Every read says whether the text goes on as it must; the position counts for nothing after one that says no.
/// </summary>
/// <remarks>
/// Not Utf8JsonReader: that one throws on malformed text, which costs ten thousand times a value, and bad data must not
/// cost more than good. The text is known to be valid UTF-8, or looked at for it elsewhere.
/// </remarks>
/// <param name="json">The text.</param>
/// <param name="start">Where to start in it.</param>
internal ref struct JsonReader(ReadOnlySpan<byte> json, int start = 0)
{
    /// <summary>Deepest nesting that is taken; the limit of the JSON readers of .NET.</summary>
    public const int DepthMax = 64;

    private static readonly SearchValues<byte> EndsOfPlainText = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    private readonly ReadOnlySpan<byte> _json = json;

    /// <summary>Where the next byte to read is.</summary>
    public int Position { get; private set; } = start;

    public readonly bool IsAtEnd => Position == _json.Length;

    /// <summary>The byte at the position, which tells what begins there; 0 at the end.</summary>
    public readonly byte Peek() => Position < _json.Length ? _json[Position] : (byte)0;

    public bool TryTake(byte expected)
    {
        if (Peek() != expected)
        {
            return false;
        }

        Position++;
        return true;
    }

    public void SkipBlanks()
    {
        while (Peek() is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            Position++;
        }
    }

    /// <summary>Reads a string.</summary>
    /// <param name="start">Where its content starts, behind the opening quotation mark.</param>
    /// <param name="length">Bytes of its content as written.</param>
    /// <param name="isEscaped">Whether there are escapes in it; they are well-formed.</param>
    public bool TryReadString(out int start, out int length, out bool isEscaped)
    {
        start = Position + 1;
        length = 0;
        isEscaped = false;
        if (!TryTake((byte)'"'))
        {
            return false;
        }

        while (true)
        {
            int end = _json[Position..].IndexOfAny(EndsOfPlainText);
            if (end < 0)
            {
                return false;
            }

            Position += end;
            if (TryTake((byte)'"'))
            {
                length = Position - 1 - start;
                return true;
            }

            // A control character must be escaped, so it is malformed as an escape is not.
            isEscaped = true;
            int escape = JsonEscape.LengthOf(_json[Position..]);
            if (escape == 0)
            {
                return false;
            }

            Position += escape;
        }
    }

    public bool TryReadLiteral(ReadOnlySpan<byte> literal)
    {
        if (!_json[Position..].StartsWith(literal))
        {
            return false;
        }

        Position += literal.Length;
        return true;
    }

    /// <summary>
    /// Reads a number, which is stricter than those of a number field: no plus, no leading zero, digits around the point.
    /// </summary>
    public bool TryReadNumber(out ReadOnlySpan<byte> text)
    {
        int start = Position;
        TryTake((byte)'-');
        byte first = Peek();
        int whole = ReadDigits();
        bool isNumber = whole > 0 && (first != '0' || whole == 1);
        if (isNumber && TryTake((byte)'.'))
        {
            isNumber = ReadDigits() > 0;
        }

        if (isNumber && (TryTake((byte)'e') || TryTake((byte)'E')))
        {
            _ = TryTake((byte)'+') || TryTake((byte)'-');
            isNumber = ReadDigits() > 0;
        }

        text = _json[start..Position];
        return isNumber;
    }

    /// <summary>Reads past a value of any kind.</summary>
    /// <param name="depth">How many objects and arrays it stands in.</param>
    public bool TrySkipValue(int depth) => Peek() switch
    {
        (byte)'"' => TryReadString(out _, out _, out _),
        (byte)'{' => TrySkipMembers((byte)'}', depth + 1),
        (byte)'[' => TrySkipMembers((byte)']', depth + 1),
        (byte)'t' => TryReadLiteral("true"u8),
        (byte)'f' => TryReadLiteral("false"u8),
        (byte)'n' => TryReadLiteral("null"u8),
        _ => TryReadNumber(out _),
    };

    private bool TrySkipMembers(byte closing, int depth)
    {
        if (depth > DepthMax)
        {
            return false;
        }

        Position++;
        SkipBlanks();
        if (TryTake(closing))
        {
            return true;
        }

        do
        {
            SkipBlanks();
            if ((closing == '}' && !TrySkipName()) || !TrySkipValue(depth))
            {
                return false;
            }

            SkipBlanks();
        }
        while (TryTake((byte)','));

        return TryTake(closing);
    }

    /// <summary>A member's name, the colon and the blanks around it.</summary>
    private bool TrySkipName()
    {
        if (!TryReadString(out _, out _, out _))
        {
            return false;
        }

        SkipBlanks();
        bool hasColon = TryTake((byte)':');
        SkipBlanks();
        return hasColon;
    }

    private int ReadDigits()
    {
        int start = Position;
        while ((uint)Peek() - '0' <= 9)
        {
            Position++;
        }

        return Position - start;
    }
}
