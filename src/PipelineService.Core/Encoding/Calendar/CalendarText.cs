using System.Buffers.Text;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// Dates and times in the ISO form that PostgreSQL reads alike under every DateStyle and TimeZone: years have at least four
/// digits, those before the first have BC behind them, and instants are in UTC and say so.
/// </summary>
internal static class CalendarText
{
    private const long MicrosecondsPerDay = 86_400 * IsoCalendar.MicrosecondsPerSecond;
    private const int FractionDigits = 6;

    /// <summary>Days from 0000-03-01, the start of an era of 400 years, to 2000-01-01.</summary>
    private const int EpochDays = 730_425;

    private const int DaysPerEra = 146_097;

    /// <param name="days">Since 2000-01-01.</param>
    /// <param name="text">Takes the text.</param>
    /// <returns>How many bytes were written.</returns>
    public static int WriteDate(int days, Span<byte> text)
    {
        int length = WriteDay(days, text, out bool isBeforeChrist);
        return length + WriteEra(isBeforeChrist, text[length..]);
    }

    /// <param name="microseconds">Since midnight.</param>
    /// <param name="text">Takes the text.</param>
    /// <returns>How many bytes were written.</returns>
    public static int WriteTime(long microseconds, Span<byte> text)
    {
        (long seconds, long fraction) = Math.DivRem(microseconds, IsoCalendar.MicrosecondsPerSecond);
        int length = WriteNumber((int)(seconds / 3600), 2, text);
        text[length++] = (byte)':';
        length += WriteNumber((int)(seconds / 60 % 60), 2, text[length..]);
        text[length++] = (byte)':';
        length += WriteNumber((int)(seconds % 60), 2, text[length..]);
        if (fraction != 0)
        {
            text[length++] = (byte)'.';
            length += WriteNumber((int)fraction, FractionDigits, text[length..]);
        }

        return length;
    }

    /// <param name="microseconds">Since 2000-01-01 00:00:00.</param>
    /// <param name="isInstant">Whether that is in UTC.</param>
    /// <param name="text">Takes the text.</param>
    /// <returns>How many bytes were written.</returns>
    public static int WriteTimestamp(long microseconds, bool isInstant, Span<byte> text)
    {
        long time = microseconds % MicrosecondsPerDay;
        time += time < 0 ? MicrosecondsPerDay : 0;
        int length = WriteDay((int)((microseconds - time) / MicrosecondsPerDay), text, out bool isBeforeChrist);
        text[length++] = (byte)' ';
        length += WriteTime(time, text[length..]);
        if (isInstant)
        {
            "+00"u8.CopyTo(text[length..]);
            length += "+00"u8.Length;
        }

        return length + WriteEra(isBeforeChrist, text[length..]);
    }

    /// <remarks>Source: Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, civil_from_days.</remarks>
    private static int WriteDay(int days, Span<byte> text, out bool isBeforeChrist)
    {
        days += EpochDays;
        int era = (days >= 0 ? days : days - (DaysPerEra - 1)) / DaysPerEra;
        int dayOfEra = days - (era * DaysPerEra);
        int yearOfEra = (dayOfEra - (dayOfEra / 1_460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        int dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        int monthFromMarch = ((5 * dayOfYear) + 2) / 153;
        int day = dayOfYear - (((153 * monthFromMarch) + 2) / 5) + 1;
        int month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        int year = yearOfEra + (era * 400) + (month <= 2 ? 1 : 0);
        isBeforeChrist = year <= 0;
        int length = WriteNumber(isBeforeChrist ? 1 - year : year, 4, text);
        text[length++] = (byte)'-';
        length += WriteNumber(month, 2, text[length..]);
        text[length++] = (byte)'-';
        return length + WriteNumber(day, 2, text[length..]);
    }

    private static int WriteEra(bool isBeforeChrist, Span<byte> text)
    {
        ReadOnlySpan<byte> era = isBeforeChrist ? " BC"u8 : [];
        era.CopyTo(text);
        return era.Length;
    }

    private static int WriteNumber(int number, byte digitsMin, Span<byte> text)
    {
        Utf8Formatter.TryFormat(number, text, out int length, new('D', digitsMin));
        return length;
    }
}
