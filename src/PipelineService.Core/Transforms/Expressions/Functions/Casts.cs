using System.Globalization;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// From text and to text, as PostgreSQL's input and output functions do it. Dates and times are taken in ISO form only, where
/// PostgreSQL takes many more.
/// </summary>
internal static class Casts
{
    /// <summary>Any number, date or time as text.</summary>
    private const int ShortBytesMax = 48;

    /// <summary>What isspace() calls a blank.</summary>
    private static ReadOnlySpan<byte> Blanks => " \t\n\v\f\r"u8;

    public static ExpressionError ToInteger(TextSlice text, out long result) =>
        default(IntegerFormat<long>).Parse(text.Span.Trim(Blanks), out result) switch
        {
            RecordErrorCode.None => ExpressionError.None,
            RecordErrorCode.OutOfRange => ExpressionError.IntegerOverflow,
            _ => ExpressionError.NotANumber,
        };

    public static ExpressionError ToNumber(TextSlice text, out decimal result)
    {
        ReadOnlySpan<byte> trimmed = text.Span.Trim(Blanks);
        if (DecimalText.TryParse(trimmed, out DecimalText number))
        {
            return OfDigits(number, out result);
        }

        result = 0;
        return IsSpecial(trimmed) ? ExpressionError.NumberOverflow : ExpressionError.NotANumber;
    }

    /// <summary>The beginning of one of the words is enough, but for the one letter that two of them begin with.</summary>
    public static ExpressionError ToBoolean(TextSlice text, out bool result)
    {
        ReadOnlySpan<byte> word = text.Span.Trim(Blanks);
        result = IsBeginning(word, "true"u8, 1) || IsBeginning(word, "yes"u8, 1) || IsBeginning(word, "on"u8, 2)
            || word.SequenceEqual("1"u8);
        bool isFalse = IsBeginning(word, "false"u8, 1) || IsBeginning(word, "no"u8, 1) || IsBeginning(word, "off"u8, 2)
            || word.SequenceEqual("0"u8);
        return result || isFalse ? ExpressionError.None : ExpressionError.NotABoolean;
    }

    public static ExpressionError ToDate(TextSlice text, out Day result)
    {
        RecordErrorCode code = default(DateFormat).Parse(text.Span, out int days);
        result = new(days);
        return OfDate(code);
    }

    public static ExpressionError ToLocalDateTime(TextSlice text, out LocalDateTime result)
    {
        RecordErrorCode code = default(TimestampFormat).Parse(text.Span, out long microseconds);
        result = new(microseconds);
        return OfDate(code);
    }

    public static ExpressionError ToInstant(TextSlice text, out Instant result)
    {
        RecordErrorCode code = default(TimestampTzFormat).Parse(text.Span, out long microseconds);
        result = new(microseconds);
        return OfDate(code);
    }

    public static ExpressionError OfInteger(RecordSlots slots, long value, out TextSlice result)
    {
        Span<byte> text = stackalloc byte[ShortBytesMax];
        value.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        return Make(slots, text[..length], out result);
    }

    public static ExpressionError OfNumber(RecordSlots slots, decimal value, out TextSlice result)
    {
        Span<byte> text = stackalloc byte[ShortBytesMax];
        value.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        return Make(slots, text[..length], out result);
    }

    public static ExpressionError OfBoolean(RecordSlots slots, bool value, out TextSlice result) =>
        Make(slots, value ? "true"u8 : "false"u8, out result);

    public static ExpressionError OfDate(RecordSlots slots, Day value, out TextSlice result)
    {
        Span<byte> text = stackalloc byte[ShortBytesMax];
        return Make(slots, text[..CalendarText.WriteDate(value.Days, text)], out result);
    }

    public static ExpressionError OfLocalDateTime(RecordSlots slots, LocalDateTime value, out TextSlice result)
    {
        Span<byte> text = stackalloc byte[ShortBytesMax];
        return Make(slots, text[..WriteTime(value.Microseconds, text)], out result);
    }

    public static ExpressionError OfInstant(RecordSlots slots, Instant value, out TextSlice result)
    {
        Span<byte> text = stackalloc byte[ShortBytesMax];
        int length = WriteTime(value.Microseconds, text);
        "+00"u8.CopyTo(text[length..]);
        return Make(slots, text[..(length + "+00"u8.Length)], out result);
    }

    public static ExpressionError DayToLocal(Day value, out LocalDateTime result)
    {
        result = new(CalendarFunctions.Start(value));
        return ExpressionError.None;
    }

    public static ExpressionError DayToInstant(Day value, out Instant result)
    {
        result = new(CalendarFunctions.Start(value));
        return ExpressionError.None;
    }

    public static ExpressionError LocalToInstant(LocalDateTime value, out Instant result)
    {
        result = new(value.Microseconds);
        return ExpressionError.None;
    }

    public static ExpressionError InstantToLocal(Instant value, out LocalDateTime result)
    {
        result = new(value.Microseconds);
        return ExpressionError.None;
    }

    public static ExpressionError LocalToDay(LocalDateTime value, out Day result)
    {
        result = CalendarFunctions.DayOf(value.Microseconds);
        return CalendarFunctions.Check(value.Microseconds);
    }

    public static ExpressionError InstantToDay(Instant value, out Day result)
    {
        result = CalendarFunctions.DayOf(value.Microseconds);
        return CalendarFunctions.Check(value.Microseconds);
    }

    /// <summary>The digits as they are written, those behind the point counted with their zeros.</summary>
    public static ExpressionError OfDigits(in DecimalText number, out decimal result)
    {
        result = 0;
        if (!number.HasNumericExponent || number.Scale > NumberParts.ScaleMax
            || (!number.IsZero && number.FirstWeight > NumberParts.ScaleMax))
        {
            return ExpressionError.NumberOverflow;
        }

        UInt128 digits = 0;
        for (long weight = number.FirstWeight; !number.IsZero && weight >= -number.Scale; weight--)
        {
            if (!NumberParts.TryScale(digits, 1, out digits))
            {
                return ExpressionError.NumberOverflow;
            }

            digits += (uint)number.DigitAt(weight);
        }

        return new NumberParts(number.IsNegative, digits, (int)number.Scale).ToDecimal(out result);
    }

    private static ExpressionError OfDate(RecordErrorCode code) => code switch
    {
        RecordErrorCode.None => ExpressionError.None,
        RecordErrorCode.OutOfRange => ExpressionError.DateOutOfRange,
        _ => ExpressionError.NotADate,
    };

    /// <summary>As PostgreSQL shows it: without zeros at the end of a fraction.</summary>
    private static int WriteTime(long microseconds, Span<byte> text)
    {
        int length = CalendarText.WriteTimestamp(microseconds, isInstant: false, text);
        ReadOnlySpan<byte> written = text[..length];
        return written.Contains((byte)'.') ? written.TrimEnd((byte)'0').Length : length;
    }

    private static bool IsSpecial(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> word = text is [(byte)'+' or (byte)'-', ..] ? text[1..] : text;
        return System.Text.Ascii.EqualsIgnoreCase(word, "NaN"u8) || System.Text.Ascii.EqualsIgnoreCase(word, "inf"u8)
            || System.Text.Ascii.EqualsIgnoreCase(word, "infinity"u8);
    }

    private static bool IsBeginning(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word, int lengthMin) =>
        text.Length >= lengthMin && text.Length <= word.Length && System.Text.Ascii.EqualsIgnoreCase(text, word[..text.Length]);

    private static ExpressionError Make(RecordSlots slots, ReadOnlySpan<byte> text, out TextSlice result)
    {
        if (!slots.TryMakeRoom(text.Length, out Span<byte> room))
        {
            result = default;
            return ExpressionError.TextTooLong;
        }

        text.CopyTo(room);
        result = slots.Keep(text.Length);
        return ExpressionError.None;
    }
}
