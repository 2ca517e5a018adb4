using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Functions;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Running;

/// <summary>The plain twin of the <see cref="Compiler"/>: walks over the tree, and says what the other has to do.</summary>
/// <param name="slots">The values of the record.</param>
internal sealed class Interpreter(RecordSlots slots)
{
    private readonly Dictionary<BoundNode, TypedValue> _bound = [];

    public static ExpressionError Evaluate(CheckedExpression expression, RecordSlots slots, ref TypedValue result) =>
        new Interpreter(slots).Evaluate(expression.Root, ref result);

    private ExpressionError Evaluate(TypedNode node, ref TypedValue result)
    {
        switch (node)
        {
            case LiteralNode literal:
                result = literal.Value;
                return ExpressionError.None;
            case SlotNode slot:
                result = slots.Get(slot.Slot, slot.Kind);
                return slots.States[slot.Slot] == SlotState.TooLong ? ExpressionError.NumberOverflow : ExpressionError.None;
            case BoundNode bound:
                result = _bound[bound];
                return ExpressionError.None;
            case LetNode let:
                return EvaluateLet(let, ref result);
            case CallNode call:
                return EvaluateCall(call, ref result);
            case LogicNode logic:
                return EvaluateLogic(logic, ref result);
            case IsNullNode test:
                ExpressionError error = Evaluate(test.Value, ref result);
                result = TypedValue.Of(result.IsNull);
                return error;
            case CaseNode choice:
                return EvaluateCase(choice, ref result);
            case ConcatNode concat:
                return EvaluateConcat(concat, ref result);
            default:
                throw new InvalidOperationException($"No meaning for {node.GetType().Name}.");
        }
    }

    private ExpressionError EvaluateLet(LetNode let, ref TypedValue result)
    {
        TypedValue value = default;
        ExpressionError error = Evaluate(let.Value, ref value);
        if (error != ExpressionError.None)
        {
            return error;
        }

        _bound[let.Name] = value;
        return Evaluate(let.Body, ref result);
    }

    private ExpressionError EvaluateCall(CallNode call, ref TypedValue result)
    {
        var arguments = new TypedValue[call.Arguments.Length];
        bool hasNull = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            ExpressionError error = Evaluate(call.Arguments[i], ref arguments[i]);
            if (error != ExpressionError.None)
            {
                return error;
            }

            hasNull |= arguments[i].IsNull;
        }

        if (hasNull)
        {
            result = TypedValue.NullOf(call.Kind);
            return ExpressionError.None;
        }

        ExpressionError called = call.Kernel.Invoke(slots, call.Literal, arguments, ref result);
        result.IsNull = call.Kind == TypedKind.Text && result.Text.IsNone;
        return called;
    }

    private ExpressionError EvaluateLogic(LogicNode logic, ref TypedValue result)
    {
        bool hasNull = false;
        foreach (TypedNode part in logic.Parts)
        {
            ExpressionError error = Evaluate(part, ref result);
            if (error != ExpressionError.None || (!result.IsNull && result.Get<bool>() != logic.IsAnd))
            {
                return error;
            }

            hasNull |= result.IsNull;
        }

        result = hasNull ? TypedValue.NullOf(TypedKind.Boolean) : TypedValue.Of(logic.IsAnd);
        return ExpressionError.None;
    }

    private ExpressionError EvaluateCase(CaseNode choice, ref TypedValue result)
    {
        foreach (CaseArm arm in choice.Arms)
        {
            ExpressionError error = Evaluate(arm.When, ref result);
            if (error != ExpressionError.None)
            {
                return error;
            }

            if (!result.IsNull && result.Get<bool>())
            {
                return Evaluate(arm.Then, ref result);
            }
        }

        return Evaluate(choice.Else, ref result);
    }

    private ExpressionError EvaluateConcat(ConcatNode concat, ref TypedValue result)
    {
        TextSlice joined = default;
        foreach (TypedNode part in concat.Parts)
        {
            ExpressionError error = Evaluate(part, ref result);
            if (error == ExpressionError.None && !result.IsNull)
            {
                error = TextFunctions.Concat(slots, joined, result.Text, out joined);
            }

            if (error != ExpressionError.None)
            {
                return error;
            }
        }

        result = TypedValue.Of(joined);
        return ExpressionError.None;
    }
}
