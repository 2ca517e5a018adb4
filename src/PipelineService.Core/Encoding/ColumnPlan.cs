using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Encoding;

/// <summary>One column of a <see cref="RowPlan"/>: missing value? then parse, rules and encoding.</summary>
public sealed class ColumnPlan
{
    private readonly FieldEncoder _encoder;
    private readonly byte[][] _missingValues;
    private readonly int _missingLengthMax;
    private readonly bool _isEmptyMissing;
    private readonly bool _required;

    /// <param name="field">What the column holds.</param>
    /// <param name="index">0-based index of the field among the columns of the dataset.</param>
    /// <param name="missingValues">Texts that stand for no value.</param>
    public ColumnPlan(FieldDefinition field, int index, ImmutableArray<LabelledText> missingValues)
    {
        Index = index;
        Field = field;
        _encoder = FieldEncoders.Create(field);
        _missingValues = [.. missingValues.Select(v => System.Text.Encoding.UTF8.GetBytes(v.Value))];
        _missingLengthMax = _missingValues.Length == 0 ? -1 : _missingValues.Max(v => v.Length);
        _isEmptyMissing = _missingValues.Any(v => v.Length == 0);
        _required = field.Constraints.Required;
    }

    /// <summary>
    /// 0-based index of the field among the columns of the dataset; in the row it is another where columns are left to the table.
    /// </summary>
    public int Index { get; }

    public FieldDefinition Field { get; }

    /// <inheritdoc cref="FieldEncoder.Encode"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows) =>
        text.Length <= _missingLengthMax && IsMissing(text) ? EncodeMissing(rows) : _encoder.Encode(text, rows);

    /// <inheritdoc cref="FieldEncoder.EncodeJson"/>
    public RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        _encoder.EncodeJson(kind, json, rows);

    /// <inheritdoc cref="FieldEncoder.EncodeValue"/>
    /// <remarks>No text that was computed is missing: an empty one is an empty one.</remarks>
    public RecordErrorCode EncodeValue(in TypedValue value, RowBuffer rows) =>
        value.IsNull ? EncodeMissing(rows) : _encoder.EncodeValue(value, rows);

    /// <summary>Takes a value of a packed record that has a binary form, as if its text had been sent.</summary>
    /// <param name="written">Begins with its tag.</param>
    /// <param name="rows">As for <see cref="Encode"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RecordErrorCode EncodePacked(ReadOnlySpan<byte> written, RowBuffer rows) =>
        written[0] == (byte)PackedTag.Null ? EncodeMissing(rows) : _encoder.EncodePacked(written, rows);

    /// <summary>Whether a text stands for no value.</summary>
    internal bool StandsForNone(ReadOnlySpan<byte> text) => text.Length <= _missingLengthMax && IsMissing(text);

    /// <summary>No value: a missing value, a JSON null, or a field that the record does not have.</summary>
    public RecordErrorCode EncodeMissing(RowBuffer rows)
    {
        if (_required)
        {
            return RecordErrorCode.Required;
        }

        rows.WriteNull();
        return RecordErrorCode.None;
    }

    private bool IsMissing(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return _isEmptyMissing;
        }

        foreach (byte[] missing in _missingValues)
        {
            if (text.SequenceEqual(missing))
            {
                return true;
            }
        }

        return false;
    }
}
