using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>How the values of a type are ordered.</summary>
internal interface IOrder<T>
{
    static abstract int Compare(T left, T right);
}

internal readonly struct TextOrder : IOrder<TextSlice>
{
    public static int Compare(TextSlice left, TextSlice right) => left.Span.SequenceCompareTo(right.Span);
}

internal readonly struct IntegerOrder : IOrder<long>
{
    public static int Compare(long left, long right) => left.CompareTo(right);
}

internal readonly struct NumberOrder : IOrder<decimal>
{
    public static int Compare(decimal left, decimal right) => NumberMath.Compare(left, right);
}

internal readonly struct FloatOrder : IOrder<double>
{
    public static int Compare(double left, double right) => FloatMath.Compare(left, right);
}

/// <summary>False is less than true.</summary>
internal readonly struct BooleanOrder : IOrder<bool>
{
    public static int Compare(bool left, bool right) => left.CompareTo(right);
}

internal readonly struct DayOrder : IOrder<Day>
{
    public static int Compare(Day left, Day right) => left.Days.CompareTo(right.Days);
}

internal readonly struct LocalDateTimeOrder : IOrder<LocalDateTime>
{
    public static int Compare(LocalDateTime left, LocalDateTime right) => left.Microseconds.CompareTo(right.Microseconds);
}

internal readonly struct InstantOrder : IOrder<Instant>
{
    public static int Compare(Instant left, Instant right) => left.Microseconds.CompareTo(right.Microseconds);
}

/// <summary>The six comparisons of a type, compiled for each of them.</summary>
internal static class Comparisons<T, TOrder>
    where TOrder : struct, IOrder<T>
{
    public static ExpressionError Equal(T left, T right, out bool result)
    {
        result = TOrder.Compare(left, right) == 0;
        return ExpressionError.None;
    }

    public static ExpressionError NotEqual(T left, T right, out bool result)
    {
        result = TOrder.Compare(left, right) != 0;
        return ExpressionError.None;
    }

    public static ExpressionError Less(T left, T right, out bool result)
    {
        result = TOrder.Compare(left, right) < 0;
        return ExpressionError.None;
    }

    public static ExpressionError LessOrEqual(T left, T right, out bool result)
    {
        result = TOrder.Compare(left, right) <= 0;
        return ExpressionError.None;
    }

    public static ExpressionError Greater(T left, T right, out bool result)
    {
        result = TOrder.Compare(left, right) > 0;
        return ExpressionError.None;
    }

    public static ExpressionError GreaterOrEqual(T left, T right, out bool result)
    {
        result = TOrder.Compare(left, right) >= 0;
        return ExpressionError.None;
    }
}
