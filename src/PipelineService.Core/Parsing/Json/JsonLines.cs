using System.Text.Unicode;

namespace PipelineService.Core.Parsing.Json;

/// <summary>The lines of a chunk that are records, found as <see cref="LineScanner"/> finds them.</summary>
/// <param name="bytes">Whole lines only.</param>
internal ref struct JsonLines(ReadOnlySpan<byte> bytes) : IJsonPlaces
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly bool _isAllValidUtf8 = Utf8.IsValid(bytes);
    private int _next;
    private int _lines;

    /// <summary>Finds the next line that is not blank.</summary>
    /// <param name="place">Where it stands, without the CR and the LF that end it.</param>
    public bool Read(out RecordPlace place)
    {
        while (_next < _bytes.Length)
        {
            int start = _next;
            int found = _bytes[start..].IndexOf((byte)'\n');
            int end = found < 0 ? _bytes.Length : start + found;
            int line = _lines++;
            _next = end + 1;
            if (!LineScanner.IsBlank(_bytes[start..end]))
            {
                place = new RecordPlace(start, end - start - (_bytes[end - 1] == (byte)'\r' ? 1 : 0), line);
                return true;
            }
        }

        place = default;
        return false;
    }

    /// <summary>Whether a line is valid UTF-8; only in a chunk that is not is each looked at for itself.</summary>
    public readonly bool IsValidUtf8(RecordPlace place) =>
        _isAllValidUtf8 || Utf8.IsValid(_bytes.Slice(place.Start, place.Length));
}
