using System.Globalization;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// PostgreSQL's functions on dates and times, in a session whose time zone is UTC, from the year 0001 to 9999; what would leave
/// these years is an error.
/// </summary>
/// <remarks>
/// <c>date_add(unit, n, d)</c> is <c>d + n * interval '1 unit'</c>: a month later is the same day, or the last one of a shorter
/// month. <c>date_diff(unit, a, b)</c> is how many whole units have passed from a to b, negative when b is before a; years and months
/// as <c>age(b, a)</c> counts them.
/// </remarks>
internal static class CalendarFunctions
{
    public const long MicrosecondsPerSecond = 1_000_000;
    public const long MicrosecondsPerDay = 86_400 * MicrosecondsPerSecond;

    private const int MonthsPerYear = 12;
    private const int DaysPerWeek = 7;

    /// <summary>Seconds from 1970-01-01, PostgreSQL's epoch, to 2000-01-01, its day zero.</summary>
    private const long EpochSeconds = 946_684_800;

    private const int SecondDigits = 6;

    private static readonly DateTime DayZero = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Unspecified);
    private static readonly long FirstMicrosecond = (DateTime.MinValue - DayZero).Ticks / TimeSpan.TicksPerMicrosecond;
    private static readonly long LastMicrosecond = (DateTime.MaxValue - DayZero).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Whether the value is in the years that are taken.</summary>
    public static ExpressionError Check(long microseconds) =>
        microseconds >= FirstMicrosecond && microseconds <= LastMicrosecond ? ExpressionError.None : ExpressionError.DateOutOfRange;

    /// <summary>The value as the framework has it; must have been checked.</summary>
    public static DateTime ToDateTime(long microseconds) => DayZero.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    public static long OfDateTime(DateTime value) => (value - DayZero).Ticks / TimeSpan.TicksPerMicrosecond;

    public static ExpressionError AddDays(Day date, long days, out Day result)
    {
        ExpressionError error = AddMicroseconds(Start(date), days, MicrosecondsPerDay, out long sum);
        result = DayOf(sum);
        return error;
    }

    public static ExpressionError AddDaysBefore(long days, Day date, out Day result) => AddDays(date, days, out result);

    public static ExpressionError SubtractDays(Day date, long days, out Day result)
    {
        result = default;
        return days == long.MinValue ? ExpressionError.DateOutOfRange : AddDays(date, -days, out result);
    }

    public static ExpressionError DaysBetween(Day left, Day right, out long result)
    {
        result = (long)left.Days - right.Days;
        return ExpressionError.None;
    }

    public static ExpressionError Add(CalendarUnit unit, long count, Day date, out Day result)
    {
        ExpressionError error = Add(unit.Part, count, Start(date), out long sum);
        result = DayOf(sum);
        return error;
    }

    public static ExpressionError Add(CalendarUnit unit, long count, LocalDateTime time, out LocalDateTime result)
    {
        ExpressionError error = Add(unit.Part, count, time.Microseconds, out long sum);
        result = new(sum);
        return error;
    }

    public static ExpressionError Add(CalendarUnit unit, long count, Instant time, out Instant result)
    {
        ExpressionError error = Add(unit.Part, count, time.Microseconds, out long sum);
        result = new(sum);
        return error;
    }

    public static ExpressionError Difference(CalendarUnit unit, Day from, Day to, out long result) =>
        Difference(unit.Part, Start(from), Start(to), out result);

    public static ExpressionError Difference(CalendarUnit unit, LocalDateTime from, LocalDateTime to, out long result) =>
        Difference(unit.Part, from.Microseconds, to.Microseconds, out result);

    public static ExpressionError Difference(CalendarUnit unit, Instant from, Instant to, out long result) =>
        Difference(unit.Part, from.Microseconds, to.Microseconds, out result);

    /// <summary>A date becomes a point in time, as in PostgreSQL.</summary>
    public static ExpressionError Truncate(CalendarUnit unit, Day date, out Instant result)
    {
        ExpressionError error = Truncate(unit.Part, Start(date), out long start);
        result = new(start);
        return error;
    }

    public static ExpressionError Truncate(CalendarUnit unit, LocalDateTime time, out LocalDateTime result)
    {
        ExpressionError error = Truncate(unit.Part, time.Microseconds, out long start);
        result = new(start);
        return error;
    }

    public static ExpressionError Truncate(CalendarUnit unit, Instant time, out Instant result)
    {
        ExpressionError error = Truncate(unit.Part, time.Microseconds, out long start);
        result = new(start);
        return error;
    }

    public static ExpressionError Extract(CalendarUnit part, Day date, out decimal result)
    {
        if (part.Part == CalendarPart.Epoch)
        {
            result = (Start(date) / MicrosecondsPerSecond) + EpochSeconds;
            return ExpressionError.None;
        }

        return Extract(part.Part, Start(date), out result);
    }

    public static ExpressionError Extract(CalendarUnit part, LocalDateTime time, out decimal result) =>
        Extract(part.Part, time.Microseconds, out result);

    public static ExpressionError Extract(CalendarUnit part, Instant time, out decimal result) =>
        Extract(part.Part, time.Microseconds, out result);

    /// <summary>The first microsecond of a day.</summary>
    public static long Start(Day date) => date.Days * MicrosecondsPerDay;

    /// <summary>The day of a time.</summary>
    public static Day DayOf(long microseconds) => new((int)Math.DivRem(microseconds - TimeOf(microseconds), MicrosecondsPerDay).Quotient);

    /// <summary>Microseconds since midnight.</summary>
    private static long TimeOf(long microseconds)
    {
        long time = microseconds % MicrosecondsPerDay;
        return time < 0 ? time + MicrosecondsPerDay : time;
    }

    private static ExpressionError AddMicroseconds(long time, long count, long unit, out long sum)
    {
        Int128 exact = time + ((Int128)count * unit);
        bool fits = exact >= FirstMicrosecond && exact <= LastMicrosecond;
        sum = fits ? (long)exact : 0;
        return fits ? ExpressionError.None : ExpressionError.DateOutOfRange;
    }

    private static ExpressionError Add(CalendarPart unit, long count, long time, out long sum)
    {
        sum = 0;
        if (Check(time) != ExpressionError.None)
        {
            return ExpressionError.DateOutOfRange;
        }

        if (unit > CalendarPart.Month)
        {
            return AddMicroseconds(time, count, LengthOf(unit), out sum);
        }

        Int128 months = (Int128)count * MonthsOf(unit);
        DateTime start = ToDateTime(time);
        Int128 month = (start.Year * MonthsPerYear) + start.Month - 1 + months;
        if (month < MonthsPerYear || month >= 10_000 * MonthsPerYear)
        {
            return ExpressionError.DateOutOfRange;
        }

        sum = OfDateTime(start.AddMonths((int)months));
        return ExpressionError.None;
    }

    private static ExpressionError Difference(CalendarPart unit, long from, long to, out long result)
    {
        result = 0;
        if (unit > CalendarPart.Month)
        {
            result = (to - from) / LengthOf(unit);
            return ExpressionError.None;
        }

        if (Check(from) != ExpressionError.None || Check(to) != ExpressionError.None)
        {
            return ExpressionError.DateOutOfRange;
        }

        long months = from <= to ? MonthsBetween(from, to) : -MonthsBetween(to, from);
        result = months / MonthsOf(unit);
        return ExpressionError.None;
    }

    private static long MonthsBetween(long from, long to)
    {
        DateTime first = ToDateTime(from);
        DateTime last = ToDateTime(to);
        int months = ((last.Year - first.Year) * MonthsPerYear) + last.Month - first.Month;
        bool isFull = (last.Day, last.TimeOfDay).CompareTo((first.Day, first.TimeOfDay)) >= 0;
        return isFull ? months : months - 1;
    }

    private static ExpressionError Truncate(CalendarPart unit, long time, out long start)
    {
        start = 0;
        if (Check(time) != ExpressionError.None)
        {
            return ExpressionError.DateOutOfRange;
        }

        DateTime value = ToDateTime(time);
        switch (unit)
        {
            case CalendarPart.Year:
                start = OfDateTime(new DateTime(value.Year, 1, 1));
                break;
            case CalendarPart.Quarter:
                start = OfDateTime(new DateTime(value.Year, value.Month - ((value.Month - 1) % 3), 1));
                break;
            case CalendarPart.Month:
                start = OfDateTime(new DateTime(value.Year, value.Month, 1));
                break;
            case CalendarPart.Week:
                return AddMicroseconds(time - TimeOf(time), -(IsoDayOf(value) - 1), MicrosecondsPerDay, out start);
            default:
                long length = LengthOf(unit);
                start = time - (TimeOf(time) % length);
                break;
        }

        return ExpressionError.None;
    }

    public static ExpressionError Extract(CalendarPart part, long time, out decimal result)
    {
        result = 0;
        if (Check(time) != ExpressionError.None)
        {
            return ExpressionError.DateOutOfRange;
        }

        DateTime value = ToDateTime(time);
        if (part is CalendarPart.Second or CalendarPart.Epoch)
        {
            long exact = part == CalendarPart.Second
                ? TimeOf(time) % (60 * MicrosecondsPerSecond)
                : time + (EpochSeconds * MicrosecondsPerSecond);
            return new NumberParts(exact < 0, (UInt128)Math.Abs(exact), SecondDigits).ToDecimal(out result);
        }

        result = part switch
        {
            CalendarPart.Year => value.Year,
            CalendarPart.Quarter => ((value.Month - 1) / 3) + 1,
            CalendarPart.Month => value.Month,
            CalendarPart.Week => ISOWeek.GetWeekOfYear(value),
            CalendarPart.Day => value.Day,
            CalendarPart.Hour => value.Hour,
            CalendarPart.Minute => value.Minute,
            CalendarPart.DayOfWeek => (int)value.DayOfWeek,
            CalendarPart.DayOfYear => value.DayOfYear,
            CalendarPart.IsoDayOfWeek => IsoDayOf(value),
            _ => ISOWeek.GetYear(value),
        };
        return ExpressionError.None;
    }

    private static int IsoDayOf(DateTime value) => value.DayOfWeek == DayOfWeek.Sunday ? DaysPerWeek : (int)value.DayOfWeek;

    private static int MonthsOf(CalendarPart unit) => unit switch
    {
        CalendarPart.Year => MonthsPerYear,
        CalendarPart.Quarter => 3,
        _ => 1,
    };

    private static long LengthOf(CalendarPart unit) => unit switch
    {
        CalendarPart.Week => DaysPerWeek * MicrosecondsPerDay,
        CalendarPart.Day => MicrosecondsPerDay,
        CalendarPart.Hour => 3_600 * MicrosecondsPerSecond,
        CalendarPart.Minute => 60 * MicrosecondsPerSecond,
        _ => MicrosecondsPerSecond,
    };
}
