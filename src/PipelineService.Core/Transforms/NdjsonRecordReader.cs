using System.Text.Json;
using System.Text.Unicode;
using PipelineService.Core.Datasets;
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
    /// <summary>
    /// Unknown and repeated properties told per record: one made of nothing else must not fill the memory.
    /// </summary>
    private const int PropertyErrorsMax = 16;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 64 };

    private readonly bool _allowsUnknown = match is FieldsMatch.Subset or FieldsMatch.Partial;
    private readonly bool _needsKnown = match is FieldsMatch.Partial;

    /// <param name="line">The record.</param>
    /// <param name="isValidUtf8">Whether its bytes are known to be valid UTF-8; else they are looked at.</param>
    /// <param name="values">Takes the values by the slots of the names; all absent before.</param>
    /// <param name="workspace">Takes the errors.</param>
    /// <returns>False when errors were added: the record is to be rejected.</returns>
    public bool Read(JsonLine line, bool isValidUtf8, scoped Span<JsonSlice> values, TransformWorkspace workspace)
    {
        RecordErrorCode fault = isValidUtf8 || Utf8.IsValid(line.Json)
            ? RecordErrorCode.None
            : RecordErrorCode.InvalidUtf8;
        int propertyErrors = 0;
        if (fault == RecordErrorCode.None)
        {
            try
            {
                Utf8JsonReader reader = new(line.Json, isFinalBlock: true, new JsonReaderState(ReaderOptions));
                fault = ReadObject(ref reader, line, values, workspace, ref propertyErrors);
            }
            catch (JsonException)
            {
                fault = RecordErrorCode.MalformedJson;
            }
        }

        if (fault != RecordErrorCode.None)
        {
            workspace.Rejects.AddError(new RecordError(RecordError.WholeRecord, fault, line.Start, ValueLength: 0));
        }

        return fault == RecordErrorCode.None && propertyErrors == 0;
    }

    private RecordErrorCode ReadObject(
        ref Utf8JsonReader reader,
        JsonLine line,
        scoped Span<JsonSlice> values,
        TransformWorkspace workspace,
        ref int propertyErrors)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return RecordErrorCode.MalformedJson;
        }

        int guess = 0;
        bool hasKnown = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int nameStart = line.Start + (int)reader.TokenStartIndex;
            int slot = FindSlot(ref reader, guess, workspace);
            JsonSlice value = ReadValue(ref reader, line);
            RecordError error = default;
            if (slot == JsonFieldNames.Unknown)
            {
                int end = line.Start + (int)reader.BytesConsumed;
                error = _allowsUnknown ? default
                    : new(RecordError.WholeRecord, RecordErrorCode.TooManyFields, nameStart, end - nameStart);
            }
            else if (values[slot].Kind != JsonTokenType.None)
            {
                short column = (short)names.SlotOfColumn.IndexOf(slot);
                error = new(column, RecordErrorCode.DuplicateField, value.Start, value.Length);
            }
            else
            {
                values[slot] = value;
                guess = slot + 1;
                hasKnown = true;
            }

            if (error.Code != RecordErrorCode.None && propertyErrors++ < PropertyErrorsMax)
            {
                workspace.Rejects.AddError(error);
            }
        }

        // Behind the object only white space may stand: anything else makes the reader throw here.
        reader.Read();
        return _needsKnown && !hasKnown ? RecordErrorCode.TooFewFields : RecordErrorCode.None;
    }

    private int FindSlot(ref Utf8JsonReader reader, int guess, TransformWorkspace workspace)
    {
        ReadOnlySpan<byte> name = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
        {
            return names.Find(name, guess);
        }

        Span<byte> scratch = workspace.ScratchFor(name.Length);
        return JsonText.TryUnescape(name, scratch, out int written)
            ? names.Find(scratch[..written], guess)
            : JsonFieldNames.Unknown;
    }

    private static JsonSlice ReadValue(ref Utf8JsonReader reader, JsonLine line)
    {
        reader.Read();
        JsonTokenType kind = reader.TokenType;
        int start = (int)reader.TokenStartIndex;
        if (kind == JsonTokenType.String)
        {
            return new JsonSlice(line.Start + start + 1, reader.ValueSpan.Length, kind, reader.ValueIsEscaped);
        }

        reader.Skip();
        return new JsonSlice(line.Start + start, (int)reader.BytesConsumed - start, kind, IsEscaped: false);
    }
}
