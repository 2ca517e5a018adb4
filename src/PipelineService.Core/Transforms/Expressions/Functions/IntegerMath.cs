using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>PostgreSQL's bigint: what does not fit is an error, division drops the fraction.</summary>
internal static class IntegerMath
{
    public static ExpressionError Add(long left, long right, out long result)
    {
        result = unchecked(left + right);
        return ((left ^ result) & (right ^ result)) < 0 ? ExpressionError.IntegerOverflow : ExpressionError.None;
    }

    public static ExpressionError Subtract(long left, long right, out long result)
    {
        result = unchecked(left - right);
        return ((left ^ right) & (left ^ result)) < 0 ? ExpressionError.IntegerOverflow : ExpressionError.None;
    }

    public static ExpressionError Multiply(long left, long right, out long result)
    {
        long high = Math.BigMul(left, right, out result);
        return high == result >> 63 ? ExpressionError.None : ExpressionError.IntegerOverflow;
    }

    public static ExpressionError Divide(long left, long right, out long result)
    {
        if (right is 0 or -1)
        {
            result = unchecked(-left);
            return right == 0 ? ExpressionError.DivisionByZero
                : left == long.MinValue ? ExpressionError.IntegerOverflow
                : ExpressionError.None;
        }

        result = left / right;
        return ExpressionError.None;
    }

    /// <summary>What division leaves, with the sign of the dividend.</summary>
    public static ExpressionError Modulo(long left, long right, out long result)
    {
        // The least integer by −1 would overflow in the processor, although what is left is zero.
        result = right is 0 or -1 ? 0 : left % right;
        return right == 0 ? ExpressionError.DivisionByZero : ExpressionError.None;
    }

    public static ExpressionError Negate(long value, out long result) => Subtract(0, value, out result);

    public static ExpressionError Abs(long value, out long result) =>
        value < 0 ? Negate(value, out result) : Same(value, out result);

    public static ExpressionError Same(long value, out long result)
    {
        result = value;
        return ExpressionError.None;
    }

    public static ExpressionError ToNumber(long value, out decimal result)
    {
        result = value;
        return ExpressionError.None;
    }

    public static ExpressionError ToFloat(long value, out double result)
    {
        result = value;
        return ExpressionError.None;
    }

    /// <summary>PostgreSQL counts characters and digits in 32 bits; a larger count is an error there, too.</summary>
    public static ExpressionError ToCount(long value, out int count)
    {
        count = (int)value;
        return count == value ? ExpressionError.None : ExpressionError.ArgumentOutOfRange;
    }
}
