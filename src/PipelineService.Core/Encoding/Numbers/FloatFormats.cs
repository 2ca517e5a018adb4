using System.Globalization;
using System.Numerics;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>Numbers in double precision columns. Binary form: IEEE 754 binary64, big-endian.</summary>
internal readonly struct DoubleFormat : IScalarFormat<double>
{
    /// <summary>
    /// 10^22 is the last that a double has exactly, and more than the digits of a <see cref="ShortDecimal"/> need.
    /// </summary>
    private static readonly double[] PowersOfTen =
        [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    /// <remarks>
    /// A quotient of two exact numbers is rounded once, and so the nearest to the number. Source: William D. Clinger, "How to
    /// Read Floating Point Numbers Accurately", PLDI 1990.
    /// </remarks>
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out double value)
    {
        if (!ShortDecimal.TryParse(text, out ShortDecimal number))
        {
            return FloatText.Parse(text, out value);
        }

        value = number.Digits / PowersOfTen[number.Scale];
        value = number.IsNegative ? -value : value;
        return RecordErrorCode.None;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out double value)
    {
        value = 0;
        return kind == ValueKind.Number ? Parse(json, out value) : RecordErrorCode.TypeMismatch;
    }

    public static void Write(double value, RowBuffer rows) =>
        rows.WriteIntegerField(BitConverter.DoubleToInt64Bits(value));
}

/// <summary>Numbers in real columns. Binary form: IEEE 754 binary32, big-endian.</summary>
internal readonly struct RealFormat : IScalarFormat<float>
{
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out float value) => FloatText.Parse(text, out value);

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out float value)
    {
        value = 0;
        return kind == ValueKind.Number ? Parse(json, out value) : RecordErrorCode.TypeMismatch;
    }

    public static void Write(float value, RowBuffer rows) =>
        rows.WriteIntegerField(BitConverter.SingleToInt32Bits(value));
}

/// <summary>
/// The lexical form of numbers that are stored as floating point: the nearest representable value is taken, as every such
/// column promises; what would become infinite or zero is out of range, as in PostgreSQL's own float input.
/// </summary>
file static class FloatText
{
    private const NumberStyles Styles =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    public static RecordErrorCode Parse<T>(ReadOnlySpan<byte> text, out T value)
        where T : struct, IBinaryFloatingPointIeee754<T>
    {
        if (DecimalText.TryParse(text, out DecimalText number))
        {
            return !T.TryParse(text, Styles, CultureInfo.InvariantCulture, out value)
                || T.IsInfinity(value) || (T.IsZero(value) && !number.IsZero)
                ? RecordErrorCode.OutOfRange
                : RecordErrorCode.None;
        }

        value = SpecialNumbers.KindOf(text) switch
        {
            // PostgreSQL's NaN has no sign bit, that of .NET has.
            SpecialNumber.NaN => T.Abs(T.NaN),
            SpecialNumber.PositiveInfinity => T.PositiveInfinity,
            SpecialNumber.NegativeInfinity => T.NegativeInfinity,
            _ => T.Zero,
        };
        return T.IsZero(value) ? RecordErrorCode.TypeMismatch : RecordErrorCode.None;
    }
}
