using System.Collections.Immutable;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>By which values of a record something is found outside of it.</summary>
internal sealed class RecordKey
{
    private readonly (int Slot, TypedKind Kind)[] _values;
    private readonly bool _isPlainText;
    private readonly bool _isWord;

    /// <param name="fields">0-based indexes of the fields that have the values.</param>
    /// <param name="columns">As what they are taken.</param>
    public RecordKey(ImmutableArray<int> fields, ImmutableArray<LookupColumn> columns)
    {
        _values = [.. fields.Zip(columns, (field, column) => (RecordSlots.Of(field), column.Kind))];
        _isPlainText = _values is [{ Kind: TypedKind.Text }];
        _isWord = _values is [{ Kind: var kind }] && LookupKey.IsWord(kind);
        FieldAtFault = fields.Length == 1 ? (short)fields[0] : RecordError.WholeRecord;
    }

    /// <summary>The one field of the key; of several none is at fault alone.</summary>
    public short FieldAtFault { get; }

    /// <summary>Null where one value of the key is; too long where a number is that nobody can hold.</summary>
    public SlotState StateOf(OpenRecord record)
    {
        SlotState[] states = record.Slots.States;
        SlotState state = SlotState.Value;
        foreach ((int slot, _) in _values)
        {
            if (states[slot] == SlotState.Null)
            {
                return SlotState.Null;
            }

            state = states[slot] == SlotState.TooLong ? SlotState.TooLong : state;
        }

        return state;
    }

    /// <summary>The key, as <see cref="LookupKey"/> writes it; valid until the next call.</summary>
    public ReadOnlySpan<byte> Of(OpenRecord record)
    {
        RecordSlots slots = record.Slots;
        if (_isPlainText)
        {
            return slots.Texts[_values[0].Slot].Span;
        }

        if (_isWord)
        {
            Span<byte> word = record.ScratchFor(sizeof(long))[..sizeof(long)];
            LookupKey.Write(slots.Words[_values[0].Slot], word);
            return word;
        }

        int length = 0;
        foreach ((int slot, TypedKind kind) in _values)
        {
            length += LookupKey.BytesOf(slots.Get(slot, kind));
        }

        Span<byte> key = record.ScratchFor(length);
        int written = 0;
        foreach ((int slot, TypedKind kind) in _values)
        {
            written += LookupKey.Write(slots.Get(slot, kind), key[written..]);
        }

        return key[..written];
    }
}
