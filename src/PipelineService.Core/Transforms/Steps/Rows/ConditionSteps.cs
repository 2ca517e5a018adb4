using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>Leaves out the records for which a condition does not hold or is null, as <c>WHERE</c> does.</summary>
internal sealed class FilterStep(CheckedExpression expression, SlotReader reader, ImmutableArray<int> inputs)
    : ExpressionStep(expression, reader, inputs)
{
    protected override StepResult Take(OpenRecord record, in TypedValue value) =>
        value.IsNull || value.Word == 0 ? StepResult.Filtered : StepResult.Kept;

    protected override StepResult Refuse(OpenRecord record, ExpressionError error) =>
        StepResult.Rejected(RecordError.WholeRecord, error);
}

/// <summary>Rejects the records for which a condition does not hold; null is good enough, as in a <c>CHECK</c>.</summary>
internal sealed class RequireStep(CheckedExpression expression, SlotReader reader, ImmutableArray<int> inputs)
    : ExpressionStep(expression, reader, inputs)
{
    protected override StepResult Take(OpenRecord record, in TypedValue value) =>
        value.IsNull || value.Word != 0 ? StepResult.Kept : StepResult.Rejected(RecordError.WholeRecord, RecordErrorCode.Require);

    protected override StepResult Refuse(OpenRecord record, ExpressionError error) =>
        StepResult.Rejected(RecordError.WholeRecord, error);
}
