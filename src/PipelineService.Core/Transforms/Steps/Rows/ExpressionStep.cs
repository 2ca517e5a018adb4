using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Transforms.Expressions.Running;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>A step that computes an expression for each record.</summary>
/// <param name="expression">What is computed.</param>
/// <param name="reader">Reads the values that no step before has read.</param>
/// <param name="inputs">Fields of the data that the result depends on.</param>
internal abstract class ExpressionStep(CheckedExpression expression, SlotReader reader, ImmutableArray<int> inputs) : RecordStep
{
    private readonly Evaluation _evaluate = expression.Compile();

    /// <inheritdoc/>
    public sealed override ImmutableArray<int> Inputs => inputs;

    /// <inheritdoc/>
    public sealed override bool IsTyped => true;

    /// <inheritdoc/>
    public sealed override StepResult Apply(OpenRecord record)
    {
        StepResult read = reader.Read(record);
        if (!read.IsKept)
        {
            return read;
        }

        TypedValue value = default;
        ExpressionError error = _evaluate(record.Slots, ref value);
        return error == ExpressionError.None ? Take(record, value) : Refuse(record, error);
    }

    /// <summary>Does what the result asks for.</summary>
    protected abstract StepResult Take(OpenRecord record, in TypedValue value);

    /// <summary>Decides about a record for which there is no result.</summary>
    protected abstract StepResult Refuse(OpenRecord record, ExpressionError error);
}
