using System.Globalization;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// PostgreSQL's double precision: IEEE 754, except that a finite result that does not fit is an error, and that NaN equals itself and
/// is greater than all others. Source: src/include/utils/float.h.
/// </summary>
internal static class FloatMath
{
    private const int DigitsMax = 40;

    public static ExpressionError Add(double left, double right, out double result) =>
        Check(result = left + right, isInfinite: double.IsInfinity(left) || double.IsInfinity(right), isZero: true);

    public static ExpressionError Subtract(double left, double right, out double result) =>
        Check(result = left - right, isInfinite: double.IsInfinity(left) || double.IsInfinity(right), isZero: true);

    public static ExpressionError Multiply(double left, double right, out double result) =>
        Check(
            result = left * right,
            isInfinite: double.IsInfinity(left) || double.IsInfinity(right),
            isZero: left == 0 || right == 0);

    public static ExpressionError Divide(double left, double right, out double result)
    {
        result = left / right;
        return right == 0 && !double.IsNaN(left)
            ? ExpressionError.DivisionByZero
            : Check(result, isInfinite: double.IsInfinity(left), isZero: left == 0 || double.IsInfinity(right));
    }

    public static ExpressionError Negate(double value, out double result)
    {
        result = -value;
        return ExpressionError.None;
    }

    public static ExpressionError Same(double value, out double result)
    {
        result = value;
        return ExpressionError.None;
    }

    public static ExpressionError Abs(double value, out double result)
    {
        result = Math.Abs(value);
        return ExpressionError.None;
    }

    public static ExpressionError Floor(double value, out double result)
    {
        result = Math.Floor(value);
        return ExpressionError.None;
    }

    public static ExpressionError Ceiling(double value, out double result)
    {
        result = Math.Ceiling(value);
        return ExpressionError.None;
    }

    /// <summary>Half to even, unlike numbers.</summary>
    public static ExpressionError Round(double value, out double result)
    {
        result = Math.Round(value, MidpointRounding.ToEven);
        return ExpressionError.None;
    }

    public static ExpressionError ToInteger(double value, out long result)
    {
        double whole = Math.Round(value, MidpointRounding.ToEven);
        bool fits = whole is >= long.MinValue and < 9_223_372_036_854_775_808.0;
        result = fits ? (long)whole : 0;
        return fits ? ExpressionError.None : ExpressionError.IntegerOverflow;
    }

    /// <summary>The nearest to the number, which the operator of <see cref="decimal"/> does not promise.</summary>
    public static ExpressionError OfNumber(decimal value, out double result)
    {
        Span<byte> text = stackalloc byte[DigitsMax];
        value.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        result = double.Parse(text[..length], CultureInfo.InvariantCulture);
        return ExpressionError.None;
    }

    public static int Compare(double left, double right) =>
        double.IsNaN(left) ? (double.IsNaN(right) ? 0 : 1)
        : double.IsNaN(right) ? -1
        : left < right ? -1
        : left > right ? 1
        : 0;

    private static ExpressionError Check(double result, bool isInfinite, bool isZero) =>
        (double.IsInfinity(result) && !isInfinite) || (result == 0 && !isZero) ? ExpressionError.FloatOverflow : ExpressionError.None;
}
