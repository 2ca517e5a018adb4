using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>Gives the result to a field.</summary>
/// <param name="expression">What is computed, of the kind that the field is.</param>
/// <param name="reader">Reads the values that no step before has read.</param>
/// <param name="inputs">Fields of the data that the result depends on.</param>
/// <param name="op">0-based index of the op.</param>
/// <param name="field">0-based index of the field.</param>
/// <param name="onError">What becomes of a record for which there is no result.</param>
internal sealed class DeriveStep(
    CheckedExpression expression, SlotReader reader, ImmutableArray<int> inputs, int op, int field, OnError onError)
    : ExpressionStep(expression, reader, inputs)
{
    private readonly TypedKind _kind = expression.Kind;

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives { get; } = [field];

    protected override StepResult Take(OpenRecord record, in TypedValue value)
    {
        record.SetValue(field, value);
        return StepResult.Kept;
    }

    protected override StepResult Refuse(OpenRecord record, ExpressionError error)
    {
        if (onError == OnError.Reject)
        {
            return StepResult.Rejected((short)field, error);
        }

        record.CountFor(op);
        record.SetValue(field, TypedValue.NullOf(_kind));
        return StepResult.Kept;
    }
}
