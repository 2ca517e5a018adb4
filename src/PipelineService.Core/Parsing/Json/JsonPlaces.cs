using System.Text.Unicode;

namespace PipelineService.Core.Parsing.Json;

/// <summary>The elements of an array that are in a chunk, found as <see cref="ElementScanner"/> finds them.</summary>
/// <param name="bytes">Whole records only.</param>
internal ref struct ElementPlaces(ReadOnlySpan<byte> bytes) : IJsonPlaces
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly bool _isAllValidUtf8 = Utf8.IsValid(bytes);
    private int _next;
    private int _lines;

    public bool Read(out RecordPlace place)
    {
        int start = JsonElements.StartIn(_bytes, _next);
        if (start == _bytes.Length || JsonElements.IsNoStart(_bytes[start]))
        {
            place = default; // an array that has no element
            return false;
        }

        int end = JsonElements.EndOf(_bytes, start, out _);
        end = end < 0 ? _bytes.Length : end;
        _lines += _bytes[_next..start].Count((byte)'\n');
        place = new RecordPlace(start, end - start, _lines);
        _next = JsonGrammar.EndOfBlanks(_bytes, end);
        _lines += _bytes[start.._next].Count((byte)'\n');
        return true;
    }

    public readonly bool IsValidUtf8(RecordPlace place) =>
        _isAllValidUtf8 || Utf8.IsValid(_bytes.Slice(place.Start, place.Length));
}

/// <summary>The texts of a sequence that are in a chunk, found as <see cref="TextScanner"/> finds them.</summary>
/// <param name="bytes">Whole records only.</param>
internal ref struct TextPlaces(ReadOnlySpan<byte> bytes) : IJsonPlaces
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly bool _isAllValidUtf8 = Utf8.IsValid(bytes);
    private int _next;
    private int _lines;

    public bool Read(out RecordPlace place)
    {
        while (_next < _bytes.Length)
        {
            int found = _bytes[(_next + 1)..].IndexOf(TextScanner.Separator);
            int end = found < 0 ? _bytes.Length : _next + 1 + found;
            int start = TextScanner.StartIn(_bytes[..end], _next);
            int line = _lines + _bytes[_next..start].Count((byte)'\n');
            _lines += _bytes[_next..end].Count((byte)'\n');
            _next = end;
            if (start < end)
            {
                place = new RecordPlace(start, _bytes[start..end].TrimEnd(" \t\r\n"u8).Length, line);
                return true;
            }
        }

        place = default;
        return false;
    }

    public readonly bool IsValidUtf8(RecordPlace place) =>
        _isAllValidUtf8 || Utf8.IsValid(_bytes.Slice(place.Start, place.Length));
}

/// <summary>One record by itself, which may be over several lines.</summary>
/// <param name="bytes">The record.</param>
internal ref struct WholePlace(ReadOnlySpan<byte> bytes) : IJsonPlaces
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private bool _isRead;

    public bool Read(out RecordPlace place)
    {
        place = new RecordPlace(0, _bytes.Length, Line: 0);
        bool isFirst = !_isRead;
        _isRead = true;
        return isFirst;
    }

    public readonly bool IsValidUtf8(RecordPlace place) => Utf8.IsValid(_bytes);
}
