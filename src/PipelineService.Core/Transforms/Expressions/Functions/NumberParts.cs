using System.Runtime.CompilerServices;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// A decimal taken apart: a whole number of at most 96 bits, of whose digits <see cref="Scale"/> stand behind the point. What is
/// computed with it is exact or refused, whereas the operators of <see cref="decimal"/> round what does not fit without a word.
/// </summary>
internal readonly struct NumberParts
{
    public const int ScaleMax = 28;

    private const int NegativeFlag = unchecked((int)0x8000_0000);
    private const int ScaleShift = 16;

    /// <summary>The largest powers of ten that 128 bits hold.</summary>
    private const int PowersMax = 38;

    private static readonly UInt128[] Powers = MakePowers();

    public NumberParts(bool isNegative, UInt128 digits, int scale) => (IsNegative, Digits, Scale) = (isNegative, digits, scale);

    public bool IsNegative { get; }

    public UInt128 Digits { get; }

    public int Scale { get; }

    /// <summary>How many digits there are; 0 for zero.</summary>
    public int Count => CountOf(Digits);

    private static UInt128 DigitsEnd { get; } = UInt128.One << 96;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NumberParts Of(decimal value)
    {
        Layout layout = Unsafe.BitCast<decimal, Layout>(value);
        return new(layout.Flags < 0, new UInt128(layout.High, layout.Low), (byte)(layout.Flags >> ScaleShift));
    }

    /// <summary>Ten to the power of 0 to 38.</summary>
    public static UInt128 PowerOf(int exponent) => Powers[exponent];

    public static int CountOf(UInt128 digits)
    {
        if (digits == 0)
        {
            return 0;
        }

        // 1233 / 4096 is close enough to the logarithm of 2 to be off by one at most.
        int guess = ((128 - (int)UInt128.LeadingZeroCount(digits)) * 1_233) >> 12;
        return guess <= PowersMax && digits >= Powers[guess] ? guess + 1 : guess;
    }

    /// <summary>Multiplies by a power of ten.</summary>
    /// <returns>False when the product has more than 127 bits, far more than a number may have.</returns>
    public static bool TryScale(UInt128 digits, int exponent, out UInt128 scaled)
    {
        if (digits == 0 || exponent == 0)
        {
            scaled = digits;
            return true;
        }

        if (exponent > PowersMax || BitsOf(digits) + BitsOf(Powers[exponent]) > 127)
        {
            scaled = 0;
            return false;
        }

        scaled = digits * Powers[exponent];
        return true;
    }

    /// <summary>The number as a decimal, if one has so many digits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ExpressionError ToDecimal(out decimal result)
    {
        if ((uint)Scale > ScaleMax || Digits >= DigitsEnd)
        {
            result = 0;
            return ExpressionError.NumberOverflow;
        }

        // PostgreSQL knows no negative zero.
        int sign = IsNegative && Digits != 0 ? NegativeFlag : 0;
        Layout layout = new(sign | (Scale << ScaleShift), (uint)(Digits >> 64), (ulong)Digits);
        result = Unsafe.BitCast<Layout, decimal>(layout);
        return ExpressionError.None;
    }

    private static int BitsOf(UInt128 digits) => 128 - (int)UInt128.LeadingZeroCount(digits);

    private static UInt128[] MakePowers()
    {
        var powers = new UInt128[PowersMax + 1];
        powers[0] = 1;
        for (int i = 1; i <= PowersMax; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }

        return powers;
    }

    /// <summary>As a decimal lies in memory: the flags of <see cref="decimal.GetBits(decimal)"/>, then the digits.</summary>
    private readonly struct Layout(int flags, uint high, ulong low)
    {
        public readonly int Flags = flags;
        public readonly uint High = high;
        public readonly ulong Low = low;
    }
}
