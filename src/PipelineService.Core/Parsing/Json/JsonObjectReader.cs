using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>Finds the values of one JSON object without looking at them.</summary>
/// <remarks>
/// A property that a record does not have is a missing value, whatever <see cref="FieldsMatch"/> says: JSON writers
/// leave out what is null. One that the schema does not have is an error unless fields match as subset or partial;
/// with partial a record must have at least one that it has. JSON objects have no order, so exact means equal.
/// </remarks>
internal sealed class JsonObjectReader(JsonFieldNames names, FieldsMatch? match)
{
    private readonly bool _allowsUnknown = match is FieldsMatch.Subset or FieldsMatch.Partial;
    private readonly bool _needsKnown = match is FieldsMatch.Partial;

    /// <param name="json">The bytes up to the end of the record; known to be valid UTF-8.</param>
    /// <param name="start">Where it starts in them.</param>
    /// <param name="slots">Takes the values by the slots of the names; all absent before.</param>
    /// <param name="values">Has scratch for names with escapes.</param>
    /// <param name="rejects">Takes errors of single properties.</param>
    /// <returns>The fault of the object as a whole.</returns>
    public RecordErrorCode Read(
        ReadOnlySpan<byte> json, int start, Span<RecordValue> slots, RecordValues values, RejectBuffer rejects)
    {
        JsonReader reader = new(json, start);
        reader.SkipBlanks();
        if (!reader.TryTake((byte)'{'))
        {
            return RecordErrorCode.MalformedJson;
        }

        int guess = 0;
        reader.SkipBlanks();
        if (!reader.TryTake((byte)'}'))
        {
            do
            {
                reader.SkipBlanks();
                if (!TryReadProperty(ref reader, json, slots, ref guess, values, rejects))
                {
                    return RecordErrorCode.MalformedJson;
                }

                reader.SkipBlanks();
            }
            while (reader.TryTake((byte)','));

            if (!reader.TryTake((byte)'}'))
            {
                return RecordErrorCode.MalformedJson;
            }
        }

        reader.SkipBlanks();
        return !reader.IsAtEnd ? RecordErrorCode.MalformedJson
            : _needsKnown && guess == 0 ? RecordErrorCode.TooFewFields
            : RecordErrorCode.None;
    }

    /// <param name="guess">The slot after the last one that was found; 0 before the first.</param>
    private bool TryReadProperty(
        ref JsonReader reader,
        ReadOnlySpan<byte> json,
        Span<RecordValue> slots,
        ref int guess,
        RecordValues values,
        RejectBuffer rejects)
    {
        int property = reader.Position;
        if (!reader.TryReadString(out int nameStart, out int nameLength, out bool isEscaped))
        {
            return false;
        }

        reader.SkipBlanks();
        if (!reader.TryTake((byte)':'))
        {
            return false;
        }

        reader.SkipBlanks();
        if (!TryReadValue(ref reader, out RecordValue value))
        {
            return false;
        }

        int slot = FindSlot(json.Slice(nameStart, nameLength), isEscaped, guess, values);
        if (slot == JsonFieldNames.Unknown)
        {
            if (!_allowsUnknown)
            {
                rejects.AddError(new RecordError(
                    RecordError.WholeRecord, RecordErrorCode.TooManyFields, property, reader.Position - property));
            }
        }
        else if (slots[slot].Kind != ValueKind.Absent)
        {
            short field = (short)names.SlotOfField.IndexOf(slot);
            rejects.AddError(
                new RecordError(field, RecordErrorCode.DuplicateField, value.Start, value.Length, value.Spelling));
        }
        else
        {
            slots[slot] = value;
            guess = slot + 1;
        }

        return true;
    }

    private int FindSlot(ReadOnlySpan<byte> name, bool isEscaped, int guess, RecordValues values)
    {
        if (!isEscaped)
        {
            return names.Find(name, guess);
        }

        Span<byte> scratch = values.ScratchFor(name.Length);
        return JsonEscape.TryUnescape(name, scratch, out int length)
            ? names.Find(scratch[..length], guess)
            : JsonFieldNames.Unknown;
    }

    private static bool TryReadValue(ref JsonReader reader, out RecordValue value)
    {
        if (reader.Peek() == '"')
        {
            bool isString = reader.TryReadString(out int start, out int length, out bool isEscaped);
            value = new RecordValue(
                start, length, ValueKind.Text, isEscaped ? ValueSpelling.JsonEscaped : ValueSpelling.Plain);
            return isString;
        }

        int begin = reader.Position;
        ValueKind kind = KindOf(reader.Peek());
        bool isValue = reader.TrySkipValue(depth: 1);
        value = new RecordValue(begin, reader.Position - begin, kind, ValueSpelling.Plain);
        return isValue;
    }

    /// <summary>What begins with a byte, unless it is text or no value at all.</summary>
    internal static ValueKind KindOf(byte first) => first switch
    {
        (byte)'{' => ValueKind.Object,
        (byte)'[' => ValueKind.Array,
        (byte)'t' => ValueKind.True,
        (byte)'f' => ValueKind.False,
        (byte)'n' => ValueKind.Null,
        _ => ValueKind.Number,
    };
}
