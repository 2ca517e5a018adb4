namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Walks over JSON text by its <see cref="JsonGrammar"/>. Every read says whether the text goes on as it must; the position
/// counts for nothing after one that says no.
/// </summary>
/// <param name="json">The text.</param>
internal ref struct JsonReader(ReadOnlySpan<byte> json)
{
    private readonly ReadOnlySpan<byte> _json = json;

    /// <summary>Where the next byte to read is.</summary>
    public int Position { get; private set; }

    public readonly bool IsAtEnd => Position == _json.Length;

    /// <inheritdoc cref="JsonGrammar.ByteAt"/>
    public readonly byte Peek() => JsonGrammar.ByteAt(_json, Position);

    public bool TryTake(byte expected)
    {
        if (Peek() != expected)
        {
            return false;
        }

        Position++;
        return true;
    }

    public void SkipBlanks() => Position = JsonGrammar.EndOfBlanks(_json, Position);

    /// <summary>Reads a string.</summary>
    /// <param name="start">Where its content starts, behind the opening quotation mark.</param>
    /// <param name="length">Bytes of its content as written.</param>
    /// <param name="isEscaped">Whether there are escapes in it; they are well-formed.</param>
    public bool TryReadString(out int start, out int length, out bool isEscaped)
    {
        start = Position + 1;
        isEscaped = false;
        int end = Peek() == '"' ? JsonGrammar.EndOfText(_json, start, out isEscaped) : JsonGrammar.Malformed;
        length = end - start;
        return TryGoTo(end == JsonGrammar.Malformed ? end : end + 1);
    }

    public bool TryReadLiteral(ReadOnlySpan<byte> literal) => TryGoTo(JsonGrammar.EndOfLiteral(_json, Position, literal));

    /// <inheritdoc cref="JsonGrammar.EndOfNumber" path="/summary"/>
    public bool TryReadNumber(out ReadOnlySpan<byte> text)
    {
        int start = Position;
        bool isNumber = TryGoTo(JsonGrammar.EndOfNumber(_json, start));
        text = _json[start..Position];
        return isNumber;
    }

    /// <summary>Reads past a value of any kind.</summary>
    /// <param name="depth">How many objects and arrays it stands in.</param>
    public bool TrySkipValue(int depth) => TryGoTo(JsonGrammar.EndOfValue(_json, Position, depth));

    private bool TryGoTo(int end)
    {
        if (end == JsonGrammar.Malformed)
        {
            return false;
        }

        Position = end;
        return true;
    }
}
