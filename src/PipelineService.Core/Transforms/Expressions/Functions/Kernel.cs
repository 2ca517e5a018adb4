using System.Collections.Immutable;
using System.Reflection;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

internal delegate ExpressionError Function<in TA, TResult>(TA a, out TResult result);

internal delegate ExpressionError Function<in TA, in TB, TResult>(TA a, TB b, out TResult result);

internal delegate ExpressionError Function<in TA, in TB, in TC, TResult>(TA a, TB b, TC c, out TResult result);

internal delegate ExpressionError Function<in TA, in TB, in TC, in TD, TResult>(TA a, TB b, TC c, TD d, out TResult result);

/// <summary>Calls a function with values whose types are only known at run time.</summary>
internal delegate ExpressionError Invocation(
    RecordSlots slots, object? literal, ReadOnlySpan<TypedValue> arguments, ref TypedValue result);

/// <summary>
/// The code of a function: none of its arguments is null when it is called, so that a null among them is the result without a call.
/// The compiler calls the method itself; the interpreter takes the way round by <see cref="Invoke"/>.
/// </summary>
internal sealed class Kernel
{
    private Kernel(Delegate code, Invocation invoke, Type result, params ImmutableArray<Type> parameters)
    {
        Method = code.Method;
        Invoke = invoke;
        Parameters = [.. parameters.Select(type => TypedValue.KindOf(type)!.Value)];
        Result = TypedValue.KindOf(result)!.Value;
    }

    /// <summary>Takes the slots if it makes text, then the literal if it has one, the arguments, and the result by reference.</summary>
    public MethodInfo Method { get; }

    public Invocation Invoke { get; }

    public ImmutableArray<TypedKind> Parameters { get; }

    public TypedKind Result { get; }

    /// <summary>Whether it makes text, for which it takes room from the slots.</summary>
    public bool TakesSlots { get; private init; }

    /// <summary>What it takes beside its arguments: something that stands in the expression itself and was prepared.</summary>
    public Type? Literal { get; private init; }

    public static Kernel Of<TA, TResult>(Function<TA, TResult> code)
        where TA : struct
        where TResult : struct => new(
            code,
            (RecordSlots _, object? _, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code(a[0].Get<TA>(), out TResult value);
                result.Set(value);
                return error;
            },
            typeof(TResult),
            typeof(TA));

    public static Kernel Of<TA, TB, TResult>(Function<TA, TB, TResult> code)
        where TA : struct
        where TB : struct
        where TResult : struct => new(
            code,
            (RecordSlots _, object? _, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code(a[0].Get<TA>(), a[1].Get<TB>(), out TResult value);
                result.Set(value);
                return error;
            },
            typeof(TResult),
            typeof(TA),
            typeof(TB));

    public static Kernel Of<TA, TB, TC, TResult>(Function<TA, TB, TC, TResult> code)
        where TA : struct
        where TB : struct
        where TC : struct
        where TResult : struct => new(
            code,
            (RecordSlots _, object? _, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code(a[0].Get<TA>(), a[1].Get<TB>(), a[2].Get<TC>(), out TResult value);
                result.Set(value);
                return error;
            },
            typeof(TResult),
            typeof(TA),
            typeof(TB),
            typeof(TC));

    public static Kernel Making<TA>(Function<RecordSlots, TA, TextSlice> code)
        where TA : struct => new(
            code,
            (RecordSlots slots, object? _, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code(slots, a[0].Get<TA>(), out TextSlice value);
                result.Set(value);
                return error;
            },
            typeof(TextSlice),
            typeof(TA))
        {
            TakesSlots = true,
        };

    public static Kernel Making<TA, TB>(Function<RecordSlots, TA, TB, TextSlice> code)
        where TA : struct
        where TB : struct => new(
            code,
            (RecordSlots slots, object? _, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code(slots, a[0].Get<TA>(), a[1].Get<TB>(), out TextSlice value);
                result.Set(value);
                return error;
            },
            typeof(TextSlice),
            typeof(TA),
            typeof(TB))
        {
            TakesSlots = true,
        };

    public static Kernel Making<TA, TB, TC>(Function<RecordSlots, TA, TB, TC, TextSlice> code)
        where TA : struct
        where TB : struct
        where TC : struct => new(
            code,
            (RecordSlots slots, object? _, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code(slots, a[0].Get<TA>(), a[1].Get<TB>(), a[2].Get<TC>(), out TextSlice value);
                result.Set(value);
                return error;
            },
            typeof(TextSlice),
            typeof(TA),
            typeof(TB),
            typeof(TC))
        {
            TakesSlots = true,
        };

    public static Kernel With<TLiteral, TA, TResult>(Function<TLiteral, TA, TResult> code)
        where TLiteral : class
        where TA : struct
        where TResult : struct => new(
            code,
            (RecordSlots _, object? literal, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code((TLiteral)literal!, a[0].Get<TA>(), out TResult value);
                result.Set(value);
                return error;
            },
            typeof(TResult),
            typeof(TA))
        {
            Literal = typeof(TLiteral),
        };

    public static Kernel With<TLiteral, TA, TB, TResult>(Function<TLiteral, TA, TB, TResult> code)
        where TLiteral : class
        where TA : struct
        where TB : struct
        where TResult : struct => new(
            code,
            (RecordSlots _, object? literal, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code((TLiteral)literal!, a[0].Get<TA>(), a[1].Get<TB>(), out TResult value);
                result.Set(value);
                return error;
            },
            typeof(TResult),
            typeof(TA),
            typeof(TB))
        {
            Literal = typeof(TLiteral),
        };

    public static Kernel MakingWith<TLiteral, TA>(Function<RecordSlots, TLiteral, TA, TextSlice> code)
        where TLiteral : class
        where TA : struct => new(
            code,
            (RecordSlots slots, object? literal, ReadOnlySpan<TypedValue> a, ref TypedValue result) =>
            {
                ExpressionError error = code(slots, (TLiteral)literal!, a[0].Get<TA>(), out TextSlice value);
                result.Set(value);
                return error;
            },
            typeof(TextSlice),
            typeof(TA))
        {
            TakesSlots = true,
            Literal = typeof(TLiteral),
        };
}
