using System.Text.Json;
using System.Text.Unicode;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms;

/// <summary>Finds the values of one JSON record without looking at them.</summary>
/// <remarks>
/// A property that a record does not have is a missing value, whatever <see cref="FieldsMatch"/> says: JSON writers
/// leave out what is null. One that the schema does not have is an error unless fields match as subset or partial;
/// with partial a record must have at least one that it has. JSON objects have no order, so exact means equal.
/// </remarks>
internal sealed class NdjsonRecordReader(JsonFieldNames names, FieldsMatch? match)
{
    private readonly bool _allowsUnknown = match is FieldsMatch.Subset or FieldsMatch.Partial;
    private readonly bool _needsKnown = match is FieldsMatch.Partial;

    /// <param name="line">The record.</param>
    /// <param name="isValidUtf8">Whether its bytes are known to be valid UTF-8; else they are looked at.</param>
    /// <param name="values">Takes the values by the slots of the names; all absent before.</param>
    /// <param name="workspace">Takes the errors.</param>
    /// <returns>False when errors were added: the record is to be rejected.</returns>
    public bool Read(JsonLine line, bool isValidUtf8, scoped Span<JsonSlice> values, TransformWorkspace workspace)
    {
        int errors = workspace.Rejects.OpenErrors;
        RecordErrorCode fault = isValidUtf8 || Utf8.IsValid(line.Json)
            ? ReadObject(line, values, workspace)
            : RecordErrorCode.InvalidUtf8;
        if (fault != RecordErrorCode.None)
        {
            workspace.Rejects.AddError(new RecordError(RecordError.WholeRecord, fault, line.Start, ValueLength: 0));
        }

        return workspace.Rejects.OpenErrors == errors;
    }

    private RecordErrorCode ReadObject(JsonLine line, scoped Span<JsonSlice> values, TransformWorkspace workspace)
    {
        JsonReader reader = new(line.Json);
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
                if (!TryReadProperty(ref reader, line, values, ref guess, workspace))
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
        JsonLine line,
        scoped Span<JsonSlice> values,
        ref int guess,
        TransformWorkspace workspace)
    {
        int property = line.Start + reader.Position;
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
        if (!TryReadValue(ref reader, line, out JsonSlice value))
        {
            return false;
        }

        int slot = FindSlot(line.Json.Slice(nameStart, nameLength), isEscaped, guess, workspace);
        if (slot == JsonFieldNames.Unknown)
        {
            if (!_allowsUnknown)
            {
                int length = line.Start + reader.Position - property;
                workspace.Rejects.AddError(
                    new RecordError(RecordError.WholeRecord, RecordErrorCode.TooManyFields, property, length));
            }
        }
        else if (values[slot].Kind != JsonTokenType.None)
        {
            short column = (short)names.SlotOfColumn.IndexOf(slot);
            workspace.Rejects.AddError(
                new RecordError(column, RecordErrorCode.DuplicateField, value.Start, value.Length, value.Spelling));
        }
        else
        {
            values[slot] = value;
            guess = slot + 1;
        }

        return true;
    }

    private int FindSlot(ReadOnlySpan<byte> name, bool isEscaped, int guess, TransformWorkspace workspace)
    {
        if (!isEscaped)
        {
            return names.Find(name, guess);
        }

        Span<byte> scratch = workspace.ScratchFor(name.Length);
        return JsonEscape.TryUnescape(name, scratch, out int length)
            ? names.Find(scratch[..length], guess)
            : JsonFieldNames.Unknown;
    }

    private static bool TryReadValue(ref JsonReader reader, JsonLine line, out JsonSlice value)
    {
        if (reader.Peek() == '"')
        {
            bool isString = reader.TryReadString(out int start, out int length, out bool isEscaped);
            value = new JsonSlice(line.Start + start, length, JsonTokenType.String, isEscaped);
            return isString;
        }

        int begin = reader.Position;
        JsonTokenType kind = KindOf(reader.Peek());
        bool isValue = reader.TrySkipValue(depth: 1);
        value = new JsonSlice(line.Start + begin, reader.Position - begin, kind, IsEscaped: false);
        return isValue;
    }

    private static JsonTokenType KindOf(byte first) => first switch
    {
        (byte)'{' => JsonTokenType.StartObject,
        (byte)'[' => JsonTokenType.StartArray,
        (byte)'t' => JsonTokenType.True,
        (byte)'f' => JsonTokenType.False,
        (byte)'n' => JsonTokenType.Null,
        _ => JsonTokenType.Number,
    };
}
