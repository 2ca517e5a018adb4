namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// A decimal number as written: <c>[+-] digits [. digits] [e [+-] digits]</c>, at least one digit in the mantissa. This is
/// the lexical space of xsd:decimal and xsd:double without the special values; JSON numbers are a part of it.
/// </summary>
/// <remarks>
/// The weight of a digit is its power of ten: in 12.5 the digits have weights 1, 0 and −1. Nothing is copied: a number of a
/// million digits costs no more memory than its text.
/// </remarks>
internal readonly ref struct DecimalText
{
    /// <summary>Exponents are cut to this; any column's range ends long before, and no text is that long.</summary>
    private const long ExponentMax = int.MaxValue;

    /// <summary>PostgreSQL's numeric refuses an exponent from here on, even that of a zero (<c>set_var_from_str</c>).</summary>
    private const long NumericExponentEnd = int.MaxValue / 2;

    private readonly ReadOnlySpan<byte> _integer;
    private readonly ReadOnlySpan<byte> _fraction;
    private readonly long _exponent;

    private DecimalText(bool isNegative, ReadOnlySpan<byte> integer, ReadOnlySpan<byte> fraction, long exponent)
    {
        IsNegative = isNegative;
        _integer = integer;
        _fraction = fraction;
        _exponent = exponent;

        int first = integer.IndexOfAnyExcept((byte)'0');
        int firstOfFraction = fraction.IndexOfAnyExcept((byte)'0');
        IsZero = first < 0 && firstOfFraction < 0;
        if (!IsZero)
        {
            int last = fraction.LastIndexOfAnyExcept((byte)'0');
            FirstWeight = exponent + (first >= 0 ? integer.Length - 1 - first : -1 - firstOfFraction);
            LastWeight = exponent
                + (last >= 0 ? -1 - last : integer.Length - 1 - integer.LastIndexOfAnyExcept((byte)'0'));
        }
    }

    public bool IsNegative { get; }

    public bool IsZero { get; }

    /// <summary>Weight of the first digit that is not zero; 0 for zero.</summary>
    public long FirstWeight { get; }

    /// <summary>Weight of the last digit that is not zero; 0 for zero.</summary>
    public long LastWeight { get; }

    /// <summary>Whether the exponent is one that PostgreSQL's numeric reads at all, whatever the digits.</summary>
    public bool HasNumericExponent => _exponent is > -NumericExponentEnd and < NumericExponentEnd;

    /// <summary>Whether no digit after the point is other than zero, the exponent taken into account.</summary>
    public bool IsIntegral => LastWeight >= 0;

    /// <summary>Digits after the point as written, zeros included, once the exponent is applied; never negative.</summary>
    public long Scale => Math.Max(0, _fraction.Length - _exponent);

    /// <summary>The digit of a weight, 0 to 9; 0 outside of what is written.</summary>
    public int DigitAt(long weight)
    {
        long written = weight - _exponent;
        long index = written >= 0 ? _integer.Length - 1 - written : -1 - written;
        ReadOnlySpan<byte> part = written >= 0 ? _integer : _fraction;
        return index >= 0 && index < part.Length ? part[(int)index] - '0' : 0;
    }

    public static bool TryParse(ReadOnlySpan<byte> text, out DecimalText number)
    {
        number = default;
        bool isNegative = !text.IsEmpty && text[0] == '-';
        ReadOnlySpan<byte> rest = isNegative || (!text.IsEmpty && text[0] == '+') ? text[1..] : text;

        ReadOnlySpan<byte> integer = TakeDigits(ref rest);
        ReadOnlySpan<byte> fraction = default;
        if (!rest.IsEmpty && rest[0] == '.')
        {
            rest = rest[1..];
            fraction = TakeDigits(ref rest);
        }

        if (integer.IsEmpty && fraction.IsEmpty)
        {
            return false;
        }

        long exponent = 0;
        if (!rest.IsEmpty && !TryTakeExponent(rest, out exponent))
        {
            return false;
        }

        number = new DecimalText(isNegative, integer, fraction, exponent);
        return true;
    }

    private static ReadOnlySpan<byte> TakeDigits(scoped ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        ReadOnlySpan<byte> digits = end < 0 ? rest : rest[..end];
        rest = rest[digits.Length..];
        return digits;
    }

    private static bool TryTakeExponent(ReadOnlySpan<byte> rest, out long exponent)
    {
        exponent = 0;
        if (rest[0] is not ((byte)'e' or (byte)'E'))
        {
            return false;
        }

        rest = rest[1..];
        bool isNegative = !rest.IsEmpty && rest[0] == '-';
        if (isNegative || (!rest.IsEmpty && rest[0] == '+'))
        {
            rest = rest[1..];
        }

        ReadOnlySpan<byte> digits = TakeDigits(ref rest);
        if (digits.IsEmpty || !rest.IsEmpty)
        {
            return false;
        }

        foreach (byte b in digits)
        {
            exponent = Math.Min(ExponentMax, (exponent * 10) + (b - '0'));
        }

        exponent = isNegative ? -exponent : exponent;
        return true;
    }
}
