using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing;

/// <summary>
/// A record between reading and encoding, as a <see cref="RecordStep"/> sees and changes it. Fields are 0-based indexes in the
/// schema, whatever the order of the data is and whichever of them the data has.
/// </summary>
public readonly ref struct OpenRecord
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly RecordReader _reader;
    private readonly RecordValues _values;

    internal OpenRecord(ReadOnlySpan<byte> bytes, RecordReader reader, RecordValues values)
    {
        _bytes = bytes;
        _reader = reader;
        _values = values;
    }

    /// <summary>What the value of a field is.</summary>
    public ValueKind KindOf(int field) => _values.Fields[field].Kind;

    /// <summary>What the value of a field says: text without escapes, any other value as its JSON is written.</summary>
    /// <returns>False when there is no value, or one that no UTF-8 can say; that one the encoder refuses.</returns>
    public bool TryGetText(int field, out ReadOnlySpan<byte> text)
    {
        RecordValue value = _values.Fields[field];
        text = default;
        if (value.IsMissing)
        {
            return false;
        }

        if (value.Spelling == ValueSpelling.Made)
        {
            text = _values.MadeText(value);
            return true;
        }

        text = _bytes.Slice(value.Start, value.Length);
        return value.Spelling == ValueSpelling.Plain || TryUnescape(field, ref text);
    }

    /// <summary>Gives a field a text. It may be one that was got from the record.</summary>
    public void SetText(int field, ReadOnlySpan<byte> text)
    {
        text.CopyTo(_values.RoomFor(text.Length));
        _values.Keep(field, text.Length);
    }

    /// <summary>Takes the value of a field away.</summary>
    public void Remove(int field) => _values.Set(field, default);

    /// <summary>Escapes are undone once: the text takes the place of what was written.</summary>
    private bool TryUnescape(int field, ref ReadOnlySpan<byte> text)
    {
        Span<byte> room = _values.RoomFor(text.Length);
        if (!_reader.TryUnescape(text, room, out int length))
        {
            return false;
        }

        _values.Keep(field, length);
        text = room[..length];
        return true;
    }
}
