using System.Collections.Immutable;
using PipelineService.Core.Encoding.Text;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Takes some texts away.</summary>
internal sealed class NullIfStep(ImmutableArray<StepField> fields, ImmutableArray<string> values) : FieldStep(fields, TextScope.Scalars)
{
    private readonly TextSet _values = new(values);

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        if (_values.Contains(text))
        {
            record.Remove(field);
        }

        return RecordErrorCode.None;
    }
}

/// <summary>
/// Gives a text to fields that have no value: that the record does not have, whose value is null, or whose text stands for no value.
/// </summary>
internal sealed class DefaultStep(ImmutableArray<StepField> fields, string value) : RecordStep
{
    private readonly byte[] _value = System.Text.Encoding.UTF8.GetBytes(value);
    private readonly StepField[] _fields = [.. fields];

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives { get; } = [.. fields.Select(field => field.Index)];

    /// <inheritdoc/>
    public override StepResult Apply(OpenRecord record)
    {
        foreach (StepField field in _fields)
        {
            ValueKind kind = record.KindOf(field.Index);
            bool isMissing = kind <= ValueKind.Null
                || (kind == ValueKind.Text && record.TryGetText(field.Index, out ReadOnlySpan<byte> text) && field.IsMissing(text));
            if (isMissing)
            {
                record.SetText(field.Index, _value);
            }
        }

        return StepResult.Kept;
    }
}
