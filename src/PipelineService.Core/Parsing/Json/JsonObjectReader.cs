using System.Runtime.CompilerServices;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>Finds the values of one JSON object without looking at them.</summary>
/// <remarks>
/// A property that a record does not have is a missing value, whatever <see cref="FieldsMatch"/> says: JSON writers
/// leave out what is null. One that the schema does not have is an error unless fields match as subset or partial, or a field takes
/// the rest; with partial a record must have at least one that it has. JSON objects have no order, so exact means equal. Where it
/// is declared which names are read, others are passed over.
/// </remarks>
internal sealed class JsonObjectReader(JsonFieldNames names, TableSchema schema)
{
    private readonly bool _allowsUnknown = names.AreDeclared || schema.TakesUnknown;
    private readonly bool _keepsUnknown = schema.Rest is not null && !names.AreDeclared;
    private readonly bool _needsKnown = schema.FieldsMatch is FieldsMatch.Partial;

    /// <param name="json">The bytes up to the end of the record; known to be valid UTF-8.</param>
    /// <param name="start">Where it starts in them.</param>
    /// <param name="slots">Takes the values by the slots of the names; all absent before.</param>
    /// <param name="order">In which order the names are expected.</param>
    /// <param name="values">Has scratch for names with escapes.</param>
    /// <param name="rejects">Takes errors of single properties.</param>
    /// <returns>The fault of the object as a whole.</returns>
    public RecordErrorCode Read(
        ReadOnlySpan<byte> json,
        int start,
        Span<RecordValue> slots,
        MemberOrder order,
        RecordValues values,
        RejectBuffer rejects)
    {
        int position = JsonGrammar.EndOfBlanks(json, start);
        if (JsonGrammar.ByteAt(json, position) != '{')
        {
            return RecordErrorCode.MalformedJson;
        }

        int last = MemberOrder.None;
        position = JsonGrammar.EndOfBlanks(json, position + 1);
        bool isClosed = JsonGrammar.ByteAt(json, position) == '}';
        while (!isClosed)
        {
            // 1. The name: mostly the one that is expected, which is known at a glance.
            int property = position;
            int slot = order.After(last);
            int valueStart = names.EndOf(slot, json, position);
            valueStart = valueStart == JsonGrammar.Malformed
                ? FindName(json, position, values, out slot)
                : JsonGrammar.EndOfBlanks(json, valueStart);

            // 2. The value.
            RecordValue value = default;
            position = valueStart == JsonGrammar.Malformed ? valueStart : JsonValues.Read(json, valueStart, out value);
            if (position == JsonGrammar.Malformed)
            {
                return RecordErrorCode.MalformedJson;
            }

            if (slot != JsonFieldNames.Unknown && slots[slot].Kind == ValueKind.Absent)
            {
                slots[slot] = value;
                order.Learn(last, slot);
                last = slot;
            }
            else if (slot == JsonFieldNames.Unknown && _keepsUnknown)
            {
                Keep(json[property..position], values, rejects);
            }
            else
            {
                Refuse(slot, property, position, value, rejects);
            }

            // 3. The end, or a comma and another one.
            position = JsonGrammar.EndOfBlanks(json, position);
            byte found = JsonGrammar.ByteAt(json, position);
            isClosed = found == '}';
            if (!isClosed && found != ',')
            {
                return RecordErrorCode.MalformedJson;
            }

            position = JsonGrammar.EndOfBlanks(json, isClosed ? position : position + 1);
        }

        return JsonGrammar.EndOfBlanks(json, position + 1) != json.Length ? RecordErrorCode.MalformedJson
            : _needsKnown && last == MemberOrder.None ? RecordErrorCode.TooFewFields
            : RecordErrorCode.None;
    }

    /// <summary>Finds a name that is not the expected one, or is not written as that.</summary>
    /// <returns>Where its value begins.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindName(ReadOnlySpan<byte> json, int start, RecordValues values, out int slot)
    {
        slot = JsonFieldNames.Unknown;
        int value = JsonGrammar.EndOfName(json, start, out int length, out bool isEscaped);
        if (value == JsonGrammar.Malformed)
        {
            return value;
        }

        ReadOnlySpan<byte> name = json.Slice(start + 1, length);
        if (isEscaped)
        {
            Span<byte> scratch = values.ScratchFor(length);
            if (!JsonEscape.TryUnescape(name, scratch, out length))
            {
                return value;
            }

            name = scratch[..length];
        }

        slot = names.Find(name);
        return value;
    }

    /// <summary>A property that the schema does not have, as it is written.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Keep(ReadOnlySpan<byte> member, RecordValues values, RejectBuffer rejects)
    {
        if (values.TryMakeRestRoom(member.Length, out Span<byte> room))
        {
            member.CopyTo(room);
            values.KeepRest(member.Length);
        }
        else
        {
            rejects.AddError(new RecordError(RecordError.WholeRecord, RecordErrorCode.ResultTooLong, 0, ValueLength: 0));
        }
    }

    /// <summary>A property that the schema does not have, or that comes once more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Refuse(int slot, int start, int end, RecordValue value, RejectBuffer rejects)
    {
        if (slot != JsonFieldNames.Unknown)
        {
            short field = (short)names.SlotOfField.IndexOf(slot);
            rejects.AddError(
                new RecordError(field, RecordErrorCode.DuplicateField, value.Start, value.Length, value.Spelling));
        }
        else if (!_allowsUnknown)
        {
            rejects.AddError(new RecordError(RecordError.WholeRecord, RecordErrorCode.TooManyFields, start, end - start));
        }
    }
}
