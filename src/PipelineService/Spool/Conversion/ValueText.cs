namespace PipelineService.Spool.Conversion;

/// <summary>
/// The texts of dates and times that columnar formats have as numbers. What no field takes is written all the same, so that its record is
/// rejected with it: a date outside of the years 1 to 9999, a nanosecond, infinity.
/// </summary>
internal static class ValueText
{
    private const long MicrosecondsPerDay = 86_400_000_000;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int DayMin = -719_162; // 0001-01-01
    private const int DayMax = 2_932_896; // 9999-12-31

    private static readonly Int128 NanosecondsPerDay = 86_400 * (Int128)NanosecondsPerSecond;

    /// <param name="days">Since 1970-01-01.</param>
    public static void Date(RowText row, long days)
    {
        row.Put((byte)'"');
        Day(row, days);
        row.Put((byte)'"');
    }

    /// <param name="nanoseconds">Since midnight. What no day has is written as that number.</param>
    public static void Time(RowText row, Int128 nanoseconds)
    {
        row.Put((byte)'"');
        if (nanoseconds >= 0 && nanoseconds <= NanosecondsPerDay)
        {
            Clock(row, (long)nanoseconds);
        }
        else
        {
            row.Formatted(nanoseconds);
        }

        row.Put((byte)'"');
    }

    /// <param name="microseconds">Since midnight.</param>
    /// <param name="offsetSeconds">East of UTC.</param>
    public static void TimeWithZone(RowText row, long microseconds, int offsetSeconds)
    {
        row.Put((byte)'"');
        Clock(row, microseconds * 1000);
        int minutes = Math.Abs(offsetSeconds) / 60;
        row.Put((byte)(offsetSeconds < 0 ? '-' : '+'));
        row.Digits((ulong)(minutes / 60), 2);
        row.Put((byte)':');
        row.Digits((ulong)(minutes % 60), 2);
        row.Put((byte)'"');
    }

    /// <param name="nanoseconds">Since 1970-01-01T00:00.</param>
    /// <param name="isInUtc">Whether it is a moment, and not what clocks show somewhere.</param>
    public static void Timestamp(RowText row, Int128 nanoseconds, bool isInUtc)
    {
        long days = (long)(nanoseconds / NanosecondsPerDay);
        long rest = (long)(nanoseconds % NanosecondsPerDay);
        (days, rest) = rest < 0 ? (days - 1, rest + (long)NanosecondsPerDay) : (days, rest);
        row.Put((byte)'"');
        Day(row, days);
        row.Put((byte)'T');
        Clock(row, rest);
        if (isInUtc)
        {
            row.Put((byte)'Z');
        }

        row.Put((byte)'"');
    }

    /// <summary>The same, of microseconds: without 128 bits for the most usual one.</summary>
    public static void TimestampOfMicroseconds(RowText row, long microseconds, bool isInUtc)
    {
        (long days, long rest) = Math.DivRem(microseconds, MicrosecondsPerDay);
        (days, rest) = rest < 0 ? (days - 1, rest + MicrosecondsPerDay) : (days, rest);
        row.Put((byte)'"');
        Day(row, days);
        row.Put((byte)'T');
        Clock(row, rest * 1000);
        if (isInUtc)
        {
            row.Put((byte)'Z');
        }

        row.Put((byte)'"');
    }

    public static void Infinity(RowText row, bool isNegative) => row.Literal(isNegative ? "\"-infinity\""u8 : "\"infinity\""u8);

    /// <summary>A duration (ISO 8601), each part with its own sign.</summary>
    public static void Interval(RowText row, int months, int days, Int128 nanoseconds)
    {
        row.Literal("\"P"u8);
        if (months != 0 || (days == 0 && nanoseconds == 0))
        {
            row.Formatted(months);
            row.Put((byte)'M');
        }

        if (days != 0)
        {
            row.Formatted(days);
            row.Put((byte)'D');
        }

        if (nanoseconds != 0)
        {
            (long seconds, long rest) = ((long)(nanoseconds / NanosecondsPerSecond), (long)(nanoseconds % NanosecondsPerSecond));
            row.Put((byte)'T');
            if (nanoseconds < 0 && seconds == 0)
            {
                row.Put((byte)'-');
            }

            row.Formatted(seconds);
            Fraction(row, Math.Abs(rest));
            row.Put((byte)'S');
        }

        row.Put((byte)'"');
    }

    private static void Day(RowText row, long days)
    {
        if (days is < DayMin or > DayMax)
        {
            DayOfFarYear(row, days);
            return;
        }

        var date = DateOnly.FromDayNumber((int)days - DayMin);
        row.Digits((ulong)date.Year, 4);
        row.Put((byte)'-');
        row.Digits((ulong)date.Month, 2);
        row.Put((byte)'-');
        row.Digits((ulong)date.Day, 2);
    }

    /// <summary>
    /// A day before the year 1 or after 9999, with a sign in front. Source: days to civil in
    /// https://howardhinnant.github.io/date_algorithms.html.
    /// </summary>
    private static void DayOfFarYear(RowText row, long days)
    {
        const int DaysPerEra = 146_097; // 400 years
        (long era, long day) = Math.DivRem(days + 719_468, DaysPerEra); // from 0000-03-01 on
        (era, day) = day < 0 ? (era - 1, day + DaysPerEra) : (era, day);
        long year = (day - (day / 1460) + (day / 36_524) - (day / (DaysPerEra - 1))) / 365;
        long dayOfYear = day - ((365 * year) + (year / 4) - (year / 100));
        long month = ((5 * dayOfYear) + 2) / 153;
        long dayOfMonth = dayOfYear - (((153 * month) + 2) / 5) + 1;
        month += month < 10 ? 3 : -9;
        year += (era * 400) + (month <= 2 ? 1 : 0);
        row.Put((byte)(year < 0 ? '-' : '+'));
        row.Digits((ulong)Math.Abs(year), Math.Abs(year) < 1_000_000 ? 6 : 12);
        row.Put((byte)'-');
        row.Digits((ulong)month, 2);
        row.Put((byte)'-');
        row.Digits((ulong)dayOfMonth, 2);
    }

    private static void Clock(RowText row, long nanoseconds)
    {
        (long seconds, long rest) = Math.DivRem(nanoseconds, NanosecondsPerSecond);
        row.Digits((ulong)(seconds / 3600), 2);
        row.Put((byte)':');
        row.Digits((ulong)(seconds / 60 % 60), 2);
        row.Put((byte)':');
        row.Digits((ulong)(seconds % 60), 2);
        Fraction(row, rest);
    }

    private static void Fraction(RowText row, long nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return;
        }

        row.Put((byte)'.');
        if (nanoseconds % 1000 != 0)
        {
            row.Digits((ulong)nanoseconds, 9);
        }
        else if (nanoseconds % 1_000_000 != 0)
        {
            row.Digits((ulong)nanoseconds / 1000, 6);
        }
        else
        {
            row.Digits((ulong)nanoseconds / 1_000_000, 3);
        }
    }
}
