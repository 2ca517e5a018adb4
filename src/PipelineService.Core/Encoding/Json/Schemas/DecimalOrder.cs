using PipelineService.Core.Encoding.Numbers;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>Compares numbers as they are written, exactly and at any length.</summary>
internal static class DecimalOrder
{
    /// <param name="left">A number of JSON.</param>
    /// <param name="right">Likewise.</param>
    public static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        _ = DecimalText.TryParse(left, out DecimalText one);
        _ = DecimalText.TryParse(right, out DecimalText other);
        int signs = SignOf(one).CompareTo(SignOf(other));
        return signs != 0 || one.IsZero ? signs
            : one.IsNegative ? -CompareDigits(one, other)
            : CompareDigits(one, other);
    }

    private static int SignOf(DecimalText number) => number.IsZero ? 0 : number.IsNegative ? -1 : 1;

    private static int CompareDigits(DecimalText one, DecimalText other)
    {
        int order = one.FirstWeight.CompareTo(other.FirstWeight);
        long last = Math.Max(one.LastWeight, other.LastWeight);
        for (long weight = one.FirstWeight; order == 0 && weight >= last; weight--)
        {
            order = one.DigitAt(weight).CompareTo(other.DigitAt(weight));
        }

        // All digits that both have are the same: the one with more of them is greater.
        return order != 0 ? order : other.LastWeight.CompareTo(one.LastWeight);
    }
}

/// <summary>A number that others are to be multiples of.</summary>
/// <remarks>
/// Whether m·10^e is a multiple of d·10^f is told by remainders: with m free of zeros at its end, e − f below 0 rules it out, and else
/// m·10^(e−f) is divided by d.
/// </remarks>
internal sealed class DecimalDivisor
{
    /// <summary>More significant digits do not fit the arithmetic.</summary>
    public const int DigitsMax = 18;

    private readonly ulong _digits;
    private readonly long _weight;

    private DecimalDivisor(ulong digits, long weight) => (_digits, _weight) = (digits, weight);

    /// <returns>Null for a number that is not positive, or has too many digits.</returns>
    public static DecimalDivisor? Parse(ReadOnlySpan<byte> text)
    {
        if (!DecimalText.TryParse(text, out DecimalText number) || number.IsZero || number.IsNegative
            || number.FirstWeight - number.LastWeight >= DigitsMax)
        {
            return null;
        }

        ulong digits = 0;
        for (long weight = number.FirstWeight; weight >= number.LastWeight; weight--)
        {
            digits = (digits * 10) + (ulong)number.DigitAt(weight);
        }

        return new DecimalDivisor(digits, number.LastWeight);
    }

    public bool Divides(ReadOnlySpan<byte> text)
    {
        _ = DecimalText.TryParse(text, out DecimalText number);
        if (number.IsZero)
        {
            return true;
        }

        if (number.LastWeight < _weight)
        {
            return false;
        }

        UInt128 remainder = 0;
        for (long weight = number.FirstWeight; weight >= number.LastWeight; weight--)
        {
            remainder = ((remainder * 10) + (ulong)number.DigitAt(weight)) % _digits;
        }

        return remainder * PowerOfTen(number.LastWeight - _weight) % _digits == 0;
    }

    /// <summary>10^exponent modulo the digits.</summary>
    private UInt128 PowerOfTen(long exponent)
    {
        UInt128 power = 1 % (UInt128)_digits;
        UInt128 square = 10 % (UInt128)_digits;
        for (; exponent > 0; exponent >>= 1)
        {
            power = (exponent & 1) == 1 ? power * square % _digits : power;
            square = square * square % _digits;
        }

        return power;
    }
}
