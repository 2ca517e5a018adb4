using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Steps.Rows;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms;

/// <summary>
/// How the gaps of an op are filled that asks a service: from the values that a stored row has it asks what was asked of the record, and
/// of the answer it makes what the row would have. Used by one thread at a time.
/// </summary>
public sealed class GapFill
{
    private readonly HttpStep _step;
    private readonly ColumnPlan[] _columns;
    private readonly RecordSlots _room = new();
    private readonly RowBuffer _encoded = new(initialBytes: 256);

    private GapFill(RowPlan plan, HttpStep step)
    {
        _step = step;
        Inputs = [.. step.WorksOn.Select(field => plan.Definition.Columns[field])];
        _columns = [.. step.Gives.Select(field => plan.Columns[field])];
    }

    /// <summary>The fields by whose values it asks.</summary>
    public ImmutableArray<FieldDefinition> Inputs { get; }

    /// <summary>The fields that it sets.</summary>
    public IEnumerable<FieldDefinition> Sets => _columns.Select(column => column.Field);

    /// <summary>What it asks whom.</summary>
    public ServiceUse Use => _step.AsksService!;

    /// <summary>What becomes of a record of which the service knows nothing.</summary>
    public OnMissing Missing => _step.Missing;

    /// <param name="plan">Of the version of the dataset by which the rows were loaded.</param>
    /// <param name="op">0-based index of the op.</param>
    /// <returns>Null when the op asks no service.</returns>
    public static GapFill? Of(RowPlan plan, int op) =>
        op < plan.Steps.Length && plan.Steps[op] is HttpStep step ? new GapFill(plan, step) : null;

    /// <summary>What is asked of a row.</summary>
    /// <param name="values">Its values of the inputs, none of them null.</param>
    public byte[] InputOf(ReadOnlySpan<TypedValue> values)
    {
        if (values is [{ Kind: TypedKind.Text }])
        {
            return _step.Input.Of(values[0].Text.Span);
        }

        int length = 0;
        foreach (TypedValue value in values)
        {
            length += LookupKey.BytesOf(value);
        }

        byte[] key = new byte[length];
        int written = 0;
        foreach (TypedValue value in values)
        {
            written += LookupKey.Write(value, key.AsSpan(written));
        }

        return _step.Input.Of(key);
    }

    /// <summary>Reads an output.</summary>
    /// <param name="output">JSON.</param>
    /// <param name="texts">Take the values of the fields that it sets, as PostgreSQL reads them.</param>
    /// <returns>None, or why a field cannot have its value.</returns>
    public RecordErrorCode Read(byte[] output, string?[] texts)
    {
        var values = new LookupValue[_columns.Length];
        if (_step.AnswerFields.Read(output, _room, values) >= 0)
        {
            return RecordErrorCode.EnrichmentFailed;
        }

        for (int i = 0; i < values.Length; i++)
        {
            if (values[i].State == SlotState.TooLong)
            {
                return RecordErrorCode.EnrichmentFailed;
            }

            TypedValue value = values[i].State == SlotState.Null ? TypedValue.NullOf(values[i].Value.Kind) : values[i].Value;
            _encoded.Clear();
            if (_columns[i].EncodeValue(value, _encoded) != RecordErrorCode.None)
            {
                return RecordErrorCode.EnrichmentFailed;
            }

            texts[i] = TextOf(value);
        }

        return RecordErrorCode.None;
    }

    private static string? TextOf(in TypedValue value)
    {
        if (value.IsNull)
        {
            return null;
        }

        if (value.Kind is TypedKind.Text or TypedKind.Json)
        {
            return value.Text.ToString();
        }

        Span<byte> text = stackalloc byte[TypedText.BytesMax];
        return System.Text.Encoding.ASCII.GetString(text[..TypedText.Write(value, text)]);
    }
}
