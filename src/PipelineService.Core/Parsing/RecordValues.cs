using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Parsing;

/// <summary>
/// The values of the record at hand: as they were read, by the slots of the reader, and where there are steps as these left them,
/// by the fields of the schema. Belongs to one worker, used again for record after record.
/// </summary>
public sealed class RecordValues
{
    /// <summary>
    /// Bytes that steps can make of one record: as much as the longest record that the service can be told to take. Without a bound
    /// a replacement that is longer than what it replaces would make anything of a record.
    /// </summary>
    internal const int MadeBytesMax = 64 << 20;

    private RecordValue[] _slots = [];
    private RecordValue[] _fields = [];
    private byte[] _scratch = new byte[256];
    private byte[] _made = [];
    private long[] _ops = [];
    private long[] _recordOfOp = [];
    private long _record;
    private string? _answer;
    private int _slotCount;
    private int _fieldCount;
    private int _madeLength;
    private int _restLength;

    /// <summary>The values as they were read; those of the record before where the reader did not say otherwise.</summary>
    public ReadOnlySpan<RecordValue> Slots => _slots.AsSpan(0, _slotCount);

    /// <summary>The values as the steps left them.</summary>
    internal ReadOnlySpan<RecordValue> Fields => _fields.AsSpan(0, _fieldCount);

    /// <summary>The values of fields that ops compute with, and those that they have computed.</summary>
    internal RecordSlots Typed { get; } = new();

    /// <summary>What the chunk at hand was answered; null where nothing was asked.</summary>
    internal ChunkAnswers? Answers { get; set; }

    /// <summary>Values that records lack because somebody outside gave no answer, in the order of the records; also of such as became no rows.</summary>
    internal List<RecordGap> Gaps { get; } = [];

    /// <summary>
    /// By the index of an op, how many records it has left out, or given something else than the rest; none behind the last op that has.
    /// </summary>
    internal ReadOnlySpan<long> Ops => _ops;

    /// <summary>The documents that the records are items of; none for other records.</summary>
    public JsonDocumentItems Documents { get; } = new();

    /// <summary>Where the document begins whose values are in the slots; −1 when there is none.</summary>
    internal int OpenDocument { get; set; } = -1;

    /// <summary>The slots as they are, if there are so many.</summary>
    internal Span<RecordValue> KeptSlots(int count) => _slotCount == count ? _slots.AsSpan(0, count) : ClearSlots(count);

    /// <summary>Room for so many slots, all of them absent.</summary>
    internal Span<RecordValue> ClearSlots(int count)
    {
        _slotCount = count;
        _restLength = 0;
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

    /// <summary>Begins the object of what the schema does not declare anew.</summary>
    internal void ClearRest() => _restLength = 0;

    /// <summary>Room for one more member of the object of what the schema does not declare, behind what parts it from the one before.</summary>
    /// <returns>False when a record must not become so long.</returns>
    internal bool TryMakeRestRoom(long bytes, out Span<byte> room)
    {
        bool fits = bytes + 2 <= MadeBytesMax - _restLength;
        if (fits && _made.Length - _restLength < bytes + 2)
        {
            Array.Resize(ref _made, Math.Max(_restLength + (int)bytes + 2, _made.Length * 2));
        }

        room = fits ? _made.AsSpan(_restLength + 1) : default;
        return fits;
    }

    /// <summary>Takes in the member that was written to the room.</summary>
    internal void KeepRest(int length)
    {
        _made[_restLength] = _restLength == 0 ? (byte)'{' : (byte)',';
        _restLength += length + 1;
    }

    /// <summary>The object of what the schema does not declare; absent when there is no such thing.</summary>
    internal RecordValue CloseRest()
    {
        if (_restLength == 0)
        {
            return default;
        }

        _made[_restLength++] = (byte)'}';
        return new RecordValue(0, _restLength, ValueKind.Object, ValueSpelling.Made);
    }

    /// <summary>Lays the values that were read out by field, for steps to work on.</summary>
    /// <param name="slotOfField">For each field its slot, or −1.</param>
    internal void Spread(ReadOnlySpan<int> slotOfField)
    {
        _madeLength = _restLength;
        _record++;
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

    /// <summary>Counts the record for an op, once however often it is told.</summary>
    internal void CountFor(int op)
    {
        if (op >= _ops.Length)
        {
            Array.Resize(ref _ops, op + 1);
            Array.Resize(ref _recordOfOp, op + 1);
        }

        if (_recordOfOp[op] != _record)
        {
            _recordOfOp[op] = _record;
            _ops[op]++;
        }
    }

    internal void ClearOps()
    {
        Array.Clear(_ops);
        Gaps.Clear();
    }

    internal void NoteAnswer(string? answer) => _answer = answer;

    /// <summary>What somebody outside has said to the record that is rejected for it.</summary>
    internal string? TakeAnswer()
    {
        string? answer = _answer;
        _answer = null;
        return answer;
    }

    /// <summary>The value of a field as the steps left it.</summary>
    internal RecordValue Get(int field) => _fields[field];

    /// <summary>Room for text that a step makes; <see cref="Keep"/> makes so much of it a value as was written.</summary>
    internal Span<byte> RoomFor(int bytes)
    {
        if (_made.Length - _madeLength < bytes)
        {
            Array.Resize(ref _made, Math.Max(_madeLength + bytes, _made.Length * 2));
        }

        return _made.AsSpan(_madeLength);
    }

    /// <summary>The same, as long as it is not more than a record may become.</summary>
    internal bool TryMakeRoom(long bytes, out Span<byte> room)
    {
        bool fits = bytes <= MadeBytesMax - _madeLength;
        room = fits ? RoomFor((int)bytes) : default;
        return fits;
    }

    /// <summary>Makes the text that was written to the room the value of a field.</summary>
    internal void Keep(int field, int length)
    {
        _fields[field] = new RecordValue(_madeLength, length, ValueKind.Text, ValueSpelling.Made);
        _madeLength += length;
    }

    /// <summary>The bytes of a value that a step made.</summary>
    internal ReadOnlySpan<byte> MadeText(RecordValue value) => _made.AsSpan(value.Start, value.Length);
}
