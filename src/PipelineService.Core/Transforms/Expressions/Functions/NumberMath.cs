using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// PostgreSQL's numeric within the digits of a <see cref="decimal"/>: the same digits, those behind the point counted as there, or
/// <see cref="ExpressionError.NumberOverflow"/>.
/// </summary>
/// <remarks>
/// Digits behind the point: of a sum or a remainder as many as the operand with more of them has, of a product those of both
/// together, of a quotient what <see cref="ScaleOfQuotient"/> chooses. What is rounded is rounded half away from zero. Source:
/// src/backend/utils/adt/numeric.c.
/// </remarks>
internal static class NumberMath
{
    /// <summary>A quotient has at least so many significant digits (NUMERIC_MIN_SIG_DIGITS).</summary>
    private const int QuotientDigitsMin = 16;

    /// <summary>PostgreSQL counts in groups of so many digits (DEC_DIGITS).</summary>
    private const int GroupDigits = 4;

    /// <summary>A remainder of 96 bits times ten to this power has less than 128 bits.</summary>
    private const int DigitsPerStep = 9;

    public static ExpressionError Add(decimal left, decimal right, out decimal result) =>
        AddSigned(NumberParts.Of(left), NumberParts.Of(right), isSubtracted: false, out result);

    public static ExpressionError Subtract(decimal left, decimal right, out decimal result) =>
        AddSigned(NumberParts.Of(left), NumberParts.Of(right), isSubtracted: true, out result);

    public static ExpressionError Multiply(decimal left, decimal right, out decimal result)
    {
        var a = NumberParts.Of(left);
        var b = NumberParts.Of(right);
        UInt128 product = a.Digits * b.Digits;
        if (UInt128.LeadingZeroCount(a.Digits) + UInt128.LeadingZeroCount(b.Digits) < 128 + 1)
        {
            result = 0;
            return ExpressionError.NumberOverflow;
        }

        return new NumberParts(a.IsNegative != b.IsNegative, product, a.Scale + b.Scale).ToDecimal(out result);
    }

    public static ExpressionError Divide(decimal left, decimal right, out decimal result)
    {
        var a = NumberParts.Of(left);
        var b = NumberParts.Of(right);
        result = 0;
        if (b.Digits == 0)
        {
            return ExpressionError.DivisionByZero;
        }

        int scale = ScaleOfQuotient(a, b);
        UInt128 quotient;
        UInt128 rest;
        if (NumberParts.TryScale(a.Digits, scale - a.Scale + b.Scale, out UInt128 scaled))
        {
            (quotient, rest) = UInt128.DivRem(scaled, b.Digits);
        }
        else if (!TryDivideLong(a.Digits, b.Digits, scale - a.Scale + b.Scale, out quotient, out rest))
        {
            return ExpressionError.NumberOverflow;
        }

        quotient += rest << 1 >= b.Digits ? UInt128.One : UInt128.Zero;
        return new NumberParts(a.IsNegative != b.IsNegative, quotient, scale).ToDecimal(out result);
    }

    public static ExpressionError Modulo(decimal left, decimal right, out decimal result)
    {
        var a = NumberParts.Of(left);
        var b = NumberParts.Of(right);
        result = 0;
        if (b.Digits == 0)
        {
            return ExpressionError.DivisionByZero;
        }

        int scale = Math.Max(a.Scale, b.Scale);
        if (!NumberParts.TryScale(b.Digits, scale - b.Scale, out UInt128 divisor))
        {
            // The divisor is larger than any dividend, which is all that is left.
            return new NumberParts(a.IsNegative, a.Digits, scale).ToDecimal(out result);
        }

        UInt128 rest = a.Digits % divisor;
        for (int digits = scale - a.Scale; digits > 0; digits -= DigitsPerStep)
        {
            UInt128 power = NumberParts.PowerOf(Math.Min(digits, DigitsPerStep));
            rest = rest * power % divisor;
        }

        return new NumberParts(a.IsNegative, rest, scale).ToDecimal(out result);
    }

    public static ExpressionError Negate(decimal value, out decimal result)
    {
        var parts = NumberParts.Of(value);
        return new NumberParts(!parts.IsNegative, parts.Digits, parts.Scale).ToDecimal(out result);
    }

    public static ExpressionError Same(decimal value, out decimal result)
    {
        result = value;
        return ExpressionError.None;
    }

    public static ExpressionError Abs(decimal value, out decimal result)
    {
        result = Math.Abs(value);
        return ExpressionError.None;
    }

    public static ExpressionError Floor(decimal value, out decimal result) => ToWhole(value, isUp: false, out result);

    public static ExpressionError Ceiling(decimal value, out decimal result) => ToWhole(value, isUp: true, out result);

    public static ExpressionError Round(decimal value, out decimal result) => Round(value, 0, out result);

    /// <param name="value">The number.</param>
    /// <param name="digits">Digits behind the point that it shall have; negative rounds to tens, hundreds and so on.</param>
    /// <param name="result">With exactly so many digits behind the point.</param>
    public static ExpressionError Round(decimal value, long digits, out decimal result)
    {
        result = 0;
        ExpressionError error = IntegerMath.ToCount(digits, out int count);
        if (error != ExpressionError.None)
        {
            return error;
        }

        var parts = NumberParts.Of(value);
        int scale = Math.Max(count, 0);
        long dropped = (long)parts.Scale - count;
        if (dropped <= 0)
        {
            return scale <= NumberParts.ScaleMax && NumberParts.TryScale(parts.Digits, (int)-dropped, out UInt128 filled)
                ? new NumberParts(parts.IsNegative, filled, scale).ToDecimal(out result)
                : ExpressionError.NumberOverflow;
        }

        UInt128 rounded = 0;
        if (dropped <= parts.Count)
        {
            UInt128 power = NumberParts.PowerOf((int)dropped);
            (rounded, UInt128 rest) = UInt128.DivRem(parts.Digits, power);
            rounded += rest << 1 >= power ? UInt128.One : UInt128.Zero;
        }

        return NumberParts.TryScale(rounded, Math.Max(-count, 0), out UInt128 whole)
            ? new NumberParts(parts.IsNegative, whole, scale).ToDecimal(out result)
            : ExpressionError.NumberOverflow;
    }

    public static ExpressionError ToInteger(decimal value, out long result)
    {
        result = 0;
        _ = Round(value, out decimal whole);
        if (whole < long.MinValue || whole > long.MaxValue)
        {
            return ExpressionError.IntegerOverflow;
        }

        result = (long)whole;
        return ExpressionError.None;
    }

    /// <summary>−1, 0 or 1; digits behind the point that are zero do not count.</summary>
    public static int Compare(decimal left, decimal right) => left.CompareTo(right);

    private static ExpressionError AddSigned(NumberParts a, NumberParts b, bool isSubtracted, out decimal result)
    {
        result = 0;
        int scale = Math.Max(a.Scale, b.Scale);
        if (!NumberParts.TryScale(a.Digits, scale - a.Scale, out UInt128 left)
            || !NumberParts.TryScale(b.Digits, scale - b.Scale, out UInt128 right))
        {
            return ExpressionError.NumberOverflow;
        }

        bool isNegative = b.IsNegative != isSubtracted;
        if (a.IsNegative == isNegative)
        {
            return new NumberParts(isNegative, left + right, scale).ToDecimal(out result);
        }

        return left >= right
            ? new NumberParts(a.IsNegative, left - right, scale).ToDecimal(out result)
            : new NumberParts(isNegative, right - left, scale).ToDecimal(out result);
    }

    /// <summary>
    /// How many digits of a quotient stand behind the point: so many that it has at least 16 significant ones, and not less than
    /// either operand has. What it will be like is guessed from the first group of four digits of both (select_div_scale).
    /// </summary>
    private static int ScaleOfQuotient(NumberParts a, NumberParts b)
    {
        int weight = WeightOf(a, out int first) - WeightOf(b, out int second);
        weight -= first <= second ? 1 : 0;
        return Math.Max(Math.Max(QuotientDigitsMin - (weight * GroupDigits), Math.Max(a.Scale, b.Scale)), 0);
    }

    /// <summary>The weight of the first group of four digits that is not zero, and the group.</summary>
    private static int WeightOf(NumberParts number, out int group)
    {
        if (number.Digits == 0)
        {
            group = 0;
            return 0;
        }

        // >> 2 is division by four rounded down, for negative weights too.
        int weight = (number.Count - 1 - number.Scale) >> 2;
        int below = number.Scale + (weight * GroupDigits);
        group = (int)(below >= 0
            ? number.Digits / NumberParts.PowerOf(below)
            : number.Digits * NumberParts.PowerOf(-below));
        return weight;
    }

    /// <summary>Division of what has more than 128 bits once it is scaled: as on paper, nine digits at a time.</summary>
    private static bool TryDivideLong(UInt128 dividend, UInt128 divisor, int exponent, out UInt128 quotient, out UInt128 rest)
    {
        (quotient, rest) = UInt128.DivRem(dividend, divisor);
        for (; exponent > 0; exponent -= DigitsPerStep)
        {
            int digits = Math.Min(exponent, DigitsPerStep);
            UInt128 power = NumberParts.PowerOf(digits);
            if (!NumberParts.TryScale(quotient, digits, out quotient))
            {
                return false;
            }

            (UInt128 next, rest) = UInt128.DivRem(rest * power, divisor);
            quotient += next;
        }

        return true;
    }

    private static ExpressionError ToWhole(decimal value, bool isUp, out decimal result)
    {
        var parts = NumberParts.Of(value);
        (UInt128 whole, UInt128 rest) = UInt128.DivRem(parts.Digits, NumberParts.PowerOf(parts.Scale));
        whole += rest != 0 && parts.IsNegative != isUp ? UInt128.One : UInt128.Zero;
        return new NumberParts(parts.IsNegative, whole, 0).ToDecimal(out result);
    }
}
