using System.Linq.Expressions;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Functions;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Running;

/// <summary>Computes an expression for the record in the slots.</summary>
/// <returns>None, or why there is no result.</returns>
public delegate ExpressionError Evaluation(RecordSlots slots, ref TypedValue result);

/// <summary>
/// Makes machine code of an expression: every value is in a local variable of its own type and its null in another, a fault leaves
/// the method. Nothing is boxed, and nothing is allocated for a record but text that outgrows its room. The
/// <see cref="Interpreter"/> is the plain twin.
/// </summary>
internal sealed class Compiler
{
    private static readonly Expression None = Expression.Constant(ExpressionError.None);
    private static readonly Expression True = Expression.Constant(true);
    private static readonly Expression False = Expression.Constant(false);

    private readonly ParameterExpression _slots = Expression.Parameter(typeof(RecordSlots), "slots");
    private readonly ParameterExpression _result = Expression.Parameter(typeof(TypedValue).MakeByRefType(), "result");
    private readonly ParameterExpression _error = Expression.Variable(typeof(ExpressionError), "error");
    private readonly LabelTarget _end = Expression.Label(typeof(ExpressionError), "end");
    private readonly List<ParameterExpression> _variables = [];
    private readonly Dictionary<BoundNode, Operand> _bound = [];

    private Compiler() => _variables.Add(_error);

    public static Evaluation Compile(CheckedExpression expression)
    {
        Compiler compiler = new();
        Expression body = compiler.Body(expression.Root);
        return Expression.Lambda<Evaluation>(body, compiler._slots, compiler._result).Compile();
    }

    private BlockExpression Body(TypedNode root)
    {
        List<Expression> code = [];
        Operand value = Emit(root, code);
        Expression set = Expression.Call(_result, nameof(TypedValue.Set), [value.Value.Type], value.Value);
        code.Add(Expression.IfThenElse(
            value.IsNull, Expression.Assign(_result, Expression.Constant(TypedValue.NullOf(root.Kind))), set));
        code.Add(Expression.Label(_end, None));
        return Expression.Block(typeof(ExpressionError), _variables, code);
    }

    /// <summary>Appends the code that computes a node, and tells where its value is then.</summary>
    private Operand Emit(TypedNode node, List<Expression> code) => node switch
    {
        LiteralNode literal => EmitLiteral(literal.Value),
        SlotNode slot => EmitSlot(slot, code),
        BoundNode bound => _bound[bound],
        LetNode let => EmitLet(let, code),
        CallNode call => EmitCall(call, code),
        LogicNode logic => EmitLogic(logic, code),
        IsNullNode test => new Operand(Emit(test.Value, code).IsNull, False),
        CaseNode choice => EmitCase(choice, code),
        ConcatNode concat => EmitConcat(concat, code),
        _ => throw new InvalidOperationException($"No code for {node.GetType().Name}."),
    };

    private static Operand EmitLiteral(TypedValue value)
    {
        Type type = TypedValue.TypeOf(value.Kind);
        object constant = value.Kind switch
        {
            TypedKind.Integer => value.Get<long>(),
            TypedKind.Number => value.Get<decimal>(),
            TypedKind.Float => value.Get<double>(),
            TypedKind.Boolean => value.Get<bool>(),
            TypedKind.Date => value.Get<Day>(),
            TypedKind.LocalDateTime => value.Get<LocalDateTime>(),
            TypedKind.DateTime => value.Get<Instant>(),
            TypedKind.Json => value.Get<JsonSlice>(),
            _ => value.Get<TextSlice>(),
        };
        return new Operand(value.IsNull ? Expression.Default(type) : Expression.Constant(constant), value.IsNull ? True : False);
    }

    private Operand EmitSlot(SlotNode slot, List<Expression> code)
    {
        Expression index = Expression.Constant(slot.Slot);
        Expression state = Expression.ArrayIndex(Expression.Property(_slots, nameof(RecordSlots.States)), index);
        Operand operand = Declare(TypedValue.TypeOf(slot.Kind));
        if (slot.Kind == TypedKind.Number)
        {
            code.Add(Expression.IfThen(
                Expression.Equal(state, Expression.Constant(SlotState.TooLong)),
                Fail(Expression.Constant(ExpressionError.NumberOverflow))));
        }

        code.Add(Expression.Assign(operand.IsNull, Expression.Equal(state, Expression.Constant(SlotState.Null))));
        code.Add(Expression.Assign(operand.Value, SlotValue(slot.Kind, index)));
        return operand;
    }

    private Expression SlotValue(TypedKind kind, Expression index)
    {
        string array = kind switch
        {
            TypedKind.Number => nameof(RecordSlots.Numbers),
            TypedKind.Float => nameof(RecordSlots.Floats),
            TypedKind.Text or TypedKind.Json => nameof(RecordSlots.Texts),
            _ => nameof(RecordSlots.Words),
        };
        Expression value = Expression.ArrayIndex(Expression.Property(_slots, array), index);
        return kind switch
        {
            TypedKind.Boolean => Expression.NotEqual(value, Expression.Constant(0L)),
            TypedKind.Date => New<Day>(Expression.Convert(value, typeof(int))),
            TypedKind.LocalDateTime => New<LocalDateTime>(value),
            TypedKind.DateTime => New<Instant>(value),
            TypedKind.Json => New<JsonSlice>(value),
            _ => value,
        };
    }

    private Operand EmitLet(LetNode let, List<Expression> code)
    {
        _bound[let.Name] = Emit(let.Value, code);
        return Emit(let.Body, code);
    }

    private Operand EmitCall(CallNode call, List<Expression> code)
    {
        Operand[] arguments = [.. call.Arguments.Select(argument => Emit(argument, code))];
        Operand result = Declare(TypedValue.TypeOf(call.Kind));
        List<Expression> passed = [.. arguments.Select(argument => argument.Value)];
        if (call.Kernel.Literal is Type literal)
        {
            passed.Insert(0, Expression.Constant(call.Literal, literal));
        }

        if (call.Kernel.TakesSlots)
        {
            passed.Insert(0, _slots);
        }

        passed.Add(result.Value);
        List<Expression> called =
        [
            Expression.Assign(_error, Expression.Call(call.Kernel.Method, passed)),
            Expression.IfThen(Expression.NotEqual(_error, None), Fail(_error)),
        ];
        bool mayBeNone = call.Kernel.Literal == typeof(JsonPath);
        called.Add(Expression.Assign(
            result.IsNull, mayBeNone ? Expression.Property(result.Value, nameof(TextSlice.IsNone)) : False));
        Expression anyNull = arguments.Select(argument => argument.IsNull).Where(isNull => isNull != False)
            .Aggregate(False, (all, one) => all == False ? one : Expression.OrElse(all, one));
        if (anyNull == False)
        {
            code.AddRange(called);
            return mayBeNone ? result : result with { IsNull = False };
        }

        code.Add(Expression.IfThenElse(anyNull, Expression.Assign(result.IsNull, True), Expression.Block(called)));
        return result;
    }

    /// <summary>Each part is inside the one before it, so that none behind the one that decides is computed.</summary>
    private Operand EmitLogic(LogicNode logic, List<Expression> code)
    {
        Operand result = Declare(typeof(bool));
        LabelTarget decided = Expression.Label("decided");
        code.Add(Expression.Assign(result.IsNull, False));
        foreach (TypedNode part in logic.Parts)
        {
            Operand operand = Emit(part, code);
            Expression decides = logic.IsAnd ? Expression.Not(operand.Value) : operand.Value;
            Expression decide = Expression.Block(
                Expression.Assign(result.IsNull, False),
                Expression.Assign(result.Value, logic.IsAnd ? False : True),
                Expression.Goto(decided));
            Expression test = operand.IsNull == False ? decides : Expression.AndAlso(Expression.Not(operand.IsNull), decides);
            code.Add(Expression.IfThen(test, decide));
            if (operand.IsNull != False)
            {
                code.Add(Expression.IfThen(operand.IsNull, Expression.Assign(result.IsNull, True)));
            }
        }

        code.Add(Expression.Assign(result.Value, logic.IsAnd ? True : False));
        code.Add(Expression.Label(decided));
        return result;
    }

    private Operand EmitCase(CaseNode choice, List<Expression> code)
    {
        Operand result = Declare(TypedValue.TypeOf(choice.Kind));
        LabelTarget chosen = Expression.Label("chosen");
        foreach (CaseArm arm in choice.Arms)
        {
            Operand when = Emit(arm.When, code);
            Expression test = when.IsNull == False ? when.Value : Expression.AndAlso(Expression.Not(when.IsNull), when.Value);
            List<Expression> then = [];
            Assign(result, Emit(arm.Then, then), then);
            then.Add(Expression.Goto(chosen));
            code.Add(Expression.IfThen(test, Expression.Block(then)));
        }

        Assign(result, Emit(choice.Else, code), code);
        code.Add(Expression.Label(chosen));
        return result;
    }

    private Operand EmitConcat(ConcatNode concat, List<Expression> code)
    {
        Operand result = Declare(typeof(TextSlice));
        code.Add(Expression.Assign(result.Value, Expression.Default(typeof(TextSlice))));
        foreach (TypedNode part in concat.Parts)
        {
            Operand operand = Emit(part, code);
            Expression append = Expression.Block(
                Expression.Assign(
                    _error,
                    Expression.Call(
                        typeof(TextFunctions), nameof(TextFunctions.Concat), null, _slots, result.Value, operand.Value, result.Value)),
                Expression.IfThen(Expression.NotEqual(_error, None), Fail(_error)));
            code.Add(operand.IsNull == False ? append : Expression.IfThen(Expression.Not(operand.IsNull), append));
        }

        return result with { IsNull = False };
    }

    private static void Assign(Operand target, Operand source, List<Expression> code)
    {
        code.Add(Expression.Assign(target.IsNull, source.IsNull));
        code.Add(Expression.Assign(target.Value, source.Value));
    }

    private GotoExpression Fail(Expression error) => Expression.Return(_end, error);

    private Operand Declare(Type type)
    {
        Operand operand = new(Expression.Variable(type), Expression.Variable(typeof(bool)));
        _variables.Add((ParameterExpression)operand.Value);
        _variables.Add((ParameterExpression)operand.IsNull);
        return operand;
    }

    private static NewExpression New<T>(Expression value) =>
        Expression.New(typeof(T).GetConstructor([value.Type])!, value);

    /// <summary>Where a value is, and whether it is null; the value counts for nothing then.</summary>
    private readonly record struct Operand(Expression Value, Expression IsNull);
}
