using System.Collections.Immutable;
using System.Text.Unicode;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// Looks whole texts up. The table may also have texts that stand for no value; one that it does not have stays what it is, whatever
/// becomes of others.
/// </summary>
internal sealed class MapStep(ImmutableArray<StepField> fields, MapOp op) : FieldStep(fields, TextScope.Scalars)
{
    private readonly TextTable _table = new(op.Table);
    private readonly MapElse _else = op.Else;

    /// <inheritdoc/>
    protected override RecordErrorCode Take(OpenRecord record, StepField field, ReadOnlySpan<byte> text)
    {
        if (_table.Find(text) is byte[] value)
        {
            record.SetText(field.Index, value);
            return RecordErrorCode.None;
        }

        return field.IsMissing(text) || _else == MapElse.Keep ? RecordErrorCode.None : Change(record, field.Index, text);
    }

    /// <summary>A text that is not in the table.</summary>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            return RecordErrorCode.None;
        }

        if (_else == MapElse.Reject)
        {
            return RecordErrorCode.Unmapped;
        }

        record.Remove(field);
        return RecordErrorCode.None;
    }
}
