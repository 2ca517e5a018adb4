using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Rules;
using PipelineService.Core.Scoring;
using PipelineService.Core.Values;

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

    /// <summary>What the value of a field is; of one in binary form, what it is as JSON.</summary>
    public ValueKind KindOf(int field)
    {
        RecordValue value = _values.Fields[field];
        return value.Kind == ValueKind.Packed ? PackedValue.KindOf(_bytes[value.Start..]) : value.Kind;
    }

    /// <summary>The value of a field in the binary form in which it was read, with its tag.</summary>
    /// <returns>False where it is no such value.</returns>
    internal bool TryGetPacked(int field, out ReadOnlySpan<byte> written)
    {
        RecordValue value = _values.Fields[field];
        bool isPacked = value.Kind == ValueKind.Packed;
        written = isPacked ? _bytes.Slice(value.Start, value.Length) : default;
        return isPacked;
    }

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
        if (value.Kind == ValueKind.Packed)
        {
            // Made once, as escapes are undone: it takes the place of what was read.
            Span<byte> room = _values.RoomFor(PackedValue.TextBytesMax);
            int length = PackedValue.WriteText(text, room);
            KeepJson(field, length, PackedValue.KindOf(text));
            text = room[..length];
            return true;
        }

        return value.Spelling == ValueSpelling.Plain || TryUnescape(field, value.Spelling, ref text);
    }

    /// <summary>Gives a field a text. It may be one that was got from the record.</summary>
    public void SetText(int field, ReadOnlySpan<byte> text)
    {
        text.CopyTo(_values.RoomFor(text.Length));
        _values.Keep(field, text.Length);
    }

    /// <summary>What the value of a field is and where it stands; of one whose text was got, that text.</summary>
    internal RecordValue ValueOf(int field) => _values.Get(field);

    /// <summary>Gives a field a part of a text that was got from the record; it is not copied.</summary>
    /// <param name="field">The field that gets it.</param>
    /// <param name="whole">The value whose text it is a part of.</param>
    /// <param name="start">Where the part starts in that text.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="kind">What the part is.</param>
    internal void SetPart(int field, RecordValue whole, int start, int length, ValueKind kind = ValueKind.Text) =>
        _values.Set(field, whole with { Start = whole.Start + start, Length = length, Kind = kind });

    /// <summary>Takes note that an op has put something else in the place of a value, without rejecting the record.</summary>
    /// <param name="op">0-based index of the op in the definition.</param>
    internal void CountFor(int op) => _values.CountFor(op);

    /// <summary>The typed values of the record.</summary>
    internal RecordSlots Slots => _values.Typed;

    /// <summary>What the chunk was answered for an op.</summary>
    internal LookupTable? AnswerTo(int op) => _values.Answers?.TableOf(op);

    /// <summary>Takes note of what somebody outside has said to the record, should it be rejected for it.</summary>
    internal void NoteAnswer(string? answer) => _values.NoteAnswer(answer);

    /// <summary>Takes note that an op had no answer for the record, and that the fields which it sets have no value for that reason.</summary>
    /// <param name="op">0-based index of the op.</param>
    /// <param name="reason">Why there was none.</param>
    internal void NoteGap(int op, RecordErrorCode reason) =>
        _values.Gaps.Add(new RecordGap(Slots.Words[RecordSlots.Record], op, reason));

    /// <summary>What a model has given for the chunk, asked by an op.</summary>
    internal ChunkScores? ScoresFor(int op) => _values.Answers?.ScoresFor(op);

    /// <summary>Room for something that is looked at and forgotten; valid until the next call.</summary>
    internal Span<byte> ScratchFor(int bytes) => _values.ScratchFor(bytes);

    /// <summary>Gives a field a value that was computed, or takes its value away when there is none.</summary>
    internal void SetValue(int field, in TypedValue value)
    {
        _values.Typed.Set(RecordSlots.Of(field), value);
        _values.Set(field, value.IsNull ? default : new RecordValue(0, 0, ValueKind.Typed, ValueSpelling.Made));
    }

    /// <inheritdoc cref="RecordValues.TryMakeRoom"/>
    internal bool TryMakeRoom(long bytes, out Span<byte> room) => _values.TryMakeRoom(bytes, out room);

    /// <summary>Makes the text that was written to the room the value of a field.</summary>
    internal void Keep(int field, int length) => _values.Keep(field, length);

    /// <summary>Makes the JSON that was written to the room the value of a field.</summary>
    internal void KeepJson(int field, int length, ValueKind kind)
    {
        _values.Keep(field, length);
        _values.Set(field, _values.Get(field) with { Kind = kind });
    }

    /// <summary>Takes the value of a field away.</summary>
    public void Remove(int field) => _values.Set(field, default);

    /// <summary>Escapes are undone once: the text takes the place of what was written.</summary>
    private bool TryUnescape(int field, ValueSpelling spelling, ref ReadOnlySpan<byte> text)
    {
        Span<byte> room = _values.RoomFor(text.Length);
        if (!_reader.TryUnescape(text, spelling, room, out int length))
        {
            return false;
        }

        _values.Keep(field, length);
        text = room[..length];
        return true;
    }
}
