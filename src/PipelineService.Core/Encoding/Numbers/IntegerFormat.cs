using System.Numerics;
using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// Integers in smallint, integer and bigint columns: an optional sign and digits, leading zeros allowed. Binary form: two's
/// complement, big-endian.
/// </summary>
internal readonly struct IntegerFormat<T> : IScalarFormat<T>
    where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
{
    /// <summary>So many digits cannot overflow a long: they need no check while they are added up.</summary>
    private const int SafeDigits = 18;

    private static readonly uint[] PowersOfTen =
        [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out T value)
    {
        value = default;
        ReadOnlySpan<byte> digits = text;
        bool isNegative = false;
        if (!text.IsEmpty && text[0] is (byte)'-' or (byte)'+')
        {
            isNegative = text[0] == '-';
            digits = text[1..];
        }

        // As unsigned, the length of no digits is too large as well.
        if ((uint)(digits.Length - 1) >= SafeDigits)
        {
            return ParseLong(isNegative, digits, out value);
        }

        ulong sum = 0;
        for (; digits.Length > TextWord.BytesMax; digits = digits[TextWord.BytesMax..])
        {
            if (!TextWord.TryReadDigits(TextWord.Of(digits[..TextWord.BytesMax]), TextWord.BytesMax, out uint eight))
            {
                return RecordErrorCode.TypeMismatch;
            }

            sum = (sum * PowersOfTen[TextWord.BytesMax]) + eight;
        }

        if (!TextWord.TryReadDigits(TextWord.Of(digits), digits.Length, out uint rest))
        {
            return RecordErrorCode.TypeMismatch;
        }

        sum = (sum * PowersOfTen[digits.Length]) + rest;
        return Narrow(isNegative ? -(long)sum : (long)sum, out value);
    }

    /// <remarks>By the same rule as text: 1.0 and 1e2 are numbers, but not integers as they are written.</remarks>
    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out T value)
    {
        value = default;
        return kind == ValueKind.Number ? Parse(json, out value) : RecordErrorCode.TypeMismatch;
    }

    public static void Write(T value, RowBuffer rows) => rows.WriteIntegerField(value);

    /// <summary>No digit, or so many that they may overflow: leading zeros are dropped first.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RecordErrorCode ParseLong(bool isNegative, ReadOnlySpan<byte> digits, out T value)
    {
        value = default;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return RecordErrorCode.TypeMismatch;
        }

        digits = digits.TrimStart((byte)'0');
        if (digits.Length > SafeDigits + 1)
        {
            return RecordErrorCode.OutOfRange;
        }

        Int128 sum = 0;
        foreach (byte b in digits)
        {
            sum = (sum * 10) + (b - '0');
        }

        return Narrow(isNegative ? -sum : sum, out value);
    }

    private static RecordErrorCode Narrow(long wide, out T value)
    {
        value = T.CreateTruncating(wide);
        return long.CreateTruncating(value) == wide ? RecordErrorCode.None : RecordErrorCode.OutOfRange;
    }

    private static RecordErrorCode Narrow(Int128 wide, out T value)
    {
        value = T.CreateTruncating(wide);
        return Int128.CreateTruncating(value) == wide ? RecordErrorCode.None : RecordErrorCode.OutOfRange;
    }
}
