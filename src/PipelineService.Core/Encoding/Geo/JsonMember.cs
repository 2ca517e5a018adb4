using PipelineService.Core.Parsing.Json;

namespace PipelineService.Core.Encoding.Geo;

/// <summary>Walks over the members of a JSON object that is known to be well-formed, with no name twice.</summary>
internal ref struct JsonMember
{
    private const int NameBytesMax = 64;

    private readonly ReadOnlySpan<byte> _json;
    private JsonReader _reader;
    private ReadOnlySpan<byte> _name;
    private bool _isEscaped;

    /// <param name="json">The object, perhaps with blanks around it; nothing is found in any other value.</param>
    public JsonMember(ReadOnlySpan<byte> json)
    {
        _json = json;
        _reader = new JsonReader(json);
        _reader.SkipBlanks();
        IsObject = _reader.TryTake((byte)'{');
    }

    public bool IsObject { get; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool MoveNext()
    {
        _reader.SkipBlanks();
        if (!IsObject || _reader.TryTake((byte)'}'))
        {
            return false;
        }

        _reader.TryTake((byte)',');
        _reader.SkipBlanks();
        _reader.TryReadString(out int start, out int length, out _isEscaped);
        _name = _json.Slice(start, length);
        _reader.SkipBlanks();
        _reader.TryTake((byte)':');
        _reader.SkipBlanks();
        int value = _reader.Position;
        _reader.TrySkipValue(depth: 0);
        Value = _json[value.._reader.Position];
        return true;
    }

    /// <summary>Whether it has a name: <c>type</c> and <c>\u0074ype</c> are the same.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name)
    {
        if (!_isEscaped || _name.Length > NameBytesMax)
        {
            return _name.SequenceEqual(name);
        }

        Span<byte> text = stackalloc byte[NameBytesMax];
        return JsonEscape.TryUnescape(_name, text, out int length) && text[..length].SequenceEqual(name);
    }

    /// <summary>The value of a member of an object; empty where it has none of this name.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        JsonMember member = new(json);
        while (member.MoveNext())
        {
            if (member.Is(name))
            {
                return member.Value;
            }
        }

        return default;
    }
}
