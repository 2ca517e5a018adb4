using System.Numerics;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// Calendar years: four digits, more of them without leading zeros, a minus before them for years before the first; in JSON
/// also as numbers. Binary form: that of an integer.
/// </summary>
/// <remarks>
/// Source: https://www.w3.org/TR/xmlschema11-2/#gYear, which has a year 0000. A time zone is refused: the column has no place
/// for it.
/// </remarks>
internal readonly struct YearFormat<T> : IScalarFormat<T>
    where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
{
    private const int Digits = 4;

    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out T value)
    {
        value = default;
        ReadOnlySpan<byte> digits = text.StartsWith("-"u8) ? text[1..] : text;
        return digits.Length < Digits
            || digits[0] == '+'
            || (digits.Length > Digits && digits[0] == '0')
            || text.SequenceEqual("-0000"u8)
            ? RecordErrorCode.TypeMismatch
            : default(IntegerFormat<T>).Parse(text, out value);
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out T value) =>
        default(IntegerFormat<T>).ParseJson(kind, json, out value);

    public static void Write(T value, RowBuffer rows) => IntegerFormat<T>.Write(value, rows);
}

/// <summary>Months of a year, <c>YYYY-MM</c>: the first day of the month. Binary form: that of a date.</summary>
internal readonly struct YearMonthFormat : IScalarFormat<int>
{
    private const int TextBytes = 7;

    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        if (text.Length != TextBytes)
        {
            return RecordErrorCode.TypeMismatch;
        }

        Span<byte> day = stackalloc byte[IsoCalendar.DateBytes];
        text.CopyTo(day);
        "-01"u8.CopyTo(day[TextBytes..]);
        return IsoCalendar.ReadDate(day, out value);
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out int value)
    {
        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(int value, RowBuffer rows) => rows.WriteIntegerField(value);
}
