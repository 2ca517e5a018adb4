namespace PipelineService.Core.Parsing;

/// <summary>
/// The values of the record at hand: as they were read, by the slots of the reader, and where there are steps as these left them,
/// by the fields of the schema. Belongs to one worker, used again for record after record.
/// </summary>
public sealed class RecordValues
{
    private RecordValue[] _slots = [];
    private RecordValue[] _fields = [];
    private byte[] _scratch = new byte[256];
    private byte[] _made = [];
    private int _slotCount;
    private int _fieldCount;
    private int _madeLength;

    /// <summary>The values as they were read; those of the record before where the reader did not say otherwise.</summary>
    public ReadOnlySpan<RecordValue> Slots => _slots.AsSpan(0, _slotCount);

    /// <summary>The values as the steps left them.</summary>
    internal ReadOnlySpan<RecordValue> Fields => _fields.AsSpan(0, _fieldCount);

    /// <summary>Room for so many slots, all of them absent.</summary>
    internal Span<RecordValue> ClearSlots(int count)
    {
        _slotCount = count;
        _slots = _slots.Length < count ? new RecordValue[count] : _slots;
        Span<RecordValue> slots = _slots.AsSpan(0, count);
        slots.Clear();
        return slots;
    }

    /// <summary>
    /// Scratch for a value whose escapes must be removed before it is looked at; valid until the next call.
    /// </summary>
    internal Span<byte> ScratchFor(int bytes)
    {
        if (_scratch.Length < bytes)
        {
            _scratch = new byte[Math.Max(bytes, _scratch.Length * 2)];
        }

        return _scratch;
    }

    /// <summary>Lays the values that were read out by field, for steps to work on.</summary>
    /// <param name="slotOfField">For each field its slot, or −1.</param>
    internal void Spread(ReadOnlySpan<int> slotOfField)
    {
        _madeLength = 0;
        _fieldCount = slotOfField.Length;
        _fields = _fields.Length < _fieldCount ? new RecordValue[_fieldCount] : _fields;
        for (int field = 0; field < slotOfField.Length; field++)
        {
            int slot = slotOfField[field];
            _fields[field] = slot < 0 ? default : _slots[slot];
        }
    }

    /// <summary>Changes the value of a field.</summary>
    internal void Set(int field, RecordValue value) => _fields[field] = value;

    /// <summary>Room for text that a step makes; <see cref="Keep"/> makes so much of it a value as was written.</summary>
    internal Span<byte> RoomFor(int bytes)
    {
        if (_made.Length - _madeLength < bytes)
        {
            Array.Resize(ref _made, Math.Max(_madeLength + bytes, _made.Length * 2));
        }

        return _made.AsSpan(_madeLength);
    }

    /// <summary>Makes the text that was written to the room the value of a field.</summary>
    internal void Keep(int field, int length)
    {
        _fields[field] = new RecordValue(_madeLength, length, ValueKind.Text, Rules.ValueSpelling.Made);
        _madeLength += length;
    }

    /// <summary>The bytes of a value that a step made.</summary>
    internal ReadOnlySpan<byte> MadeText(RecordValue value) => _made.AsSpan(value.Start, value.Length);
}
