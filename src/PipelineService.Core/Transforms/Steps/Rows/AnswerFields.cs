using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>A field that takes a part of an answer.</summary>
/// <param name="Field">What it is.</param>
/// <param name="Path">The names that lead to the part; none: all of the answer.</param>
public readonly record struct AnswerField(FieldDefinition Field, ImmutableArray<string> Path);

/// <summary>
/// Reads the values of fields out of what services have answered: as the data itself would have them in JSON. What is not there, or null,
/// is no value.
/// </summary>
public sealed class AnswerFields
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly AnswerField[] _fields;
    private readonly FieldSlot[] _slots;
    private readonly TypedKind[] _kinds;

    /// <param name="fields">Each of a kind that expressions can compute with.</param>
    public AnswerFields(ImmutableArray<AnswerField> fields)
    {
        _fields = [.. fields];
        _slots = [.. fields.Select((field, index) => new FieldSlot(field.Field, index, missingValues: []))];
        _kinds = [.. fields.Select(field => FieldKinds.Of(field.Field)!.Value)];
    }

    /// <summary>The kinds of the values.</summary>
    public IReadOnlyList<TypedKind> Kinds => _kinds;

    /// <summary>Reads the values of an output.</summary>
    /// <param name="output">JSON.</param>
    /// <param name="room">Holds what is made of it; cleared.</param>
    /// <param name="values">Takes the values, one for each field; their texts lie in the room.</param>
    /// <returns>The index of a field that cannot take its part, or −1.</returns>
    public int Read(byte[] output, RecordSlots room, Span<LookupValue> values)
    {
        room.Prepare(_fields.Length);
        room.Clear();
        using var json = JsonDocument.Parse(output, Strict);
        for (int i = 0; i < _fields.Length; i++)
        {
            if (!TryFind(json.RootElement, _fields[i].Path, out JsonElement part))
            {
                values[i] = new LookupValue(SlotState.Null, TypedValue.NullOf(_kinds[i]));
                continue;
            }

            if (Read(part, _slots[i], room) != RecordErrorCode.None)
            {
                return i;
            }

            int slot = RecordSlots.Of(i);
            values[i] = new LookupValue(room.States[slot], room.Get(slot, _kinds[i]));
        }

        return -1;
    }

    private static RecordErrorCode Read(JsonElement part, FieldSlot slot, RecordSlots room)
    {
        ValueKind kind = part.ValueKind switch
        {
            JsonValueKind.String => ValueKind.Text,
            JsonValueKind.Number => ValueKind.Number,
            JsonValueKind.True => ValueKind.True,
            JsonValueKind.False => ValueKind.False,
            JsonValueKind.Object => ValueKind.Object,
            _ => ValueKind.Array,
        };
        string? text;
        try
        {
            text = kind == ValueKind.Text ? part.GetString()! : part.GetRawText();
        }
        catch (InvalidOperationException)
        {
            return RecordErrorCode.InvalidUtf8; // an escape that is half a character
        }

        return slot.Read(kind, System.Text.Encoding.UTF8.GetBytes(text), room);
    }

    private static bool TryFind(JsonElement json, ImmutableArray<string> path, out JsonElement part)
    {
        part = json;
        foreach (string name in path)
        {
            if (part.ValueKind != JsonValueKind.Object || !part.TryGetProperty(name, out part))
            {
                return false;
            }
        }

        return part.ValueKind != JsonValueKind.Null;
    }
}
