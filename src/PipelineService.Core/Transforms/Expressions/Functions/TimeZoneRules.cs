using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// A time zone of the IANA database, named in the expression itself: <c>at_time_zone</c> is PostgreSQL's <c>AT TIME ZONE</c>, a point
/// in time as the clocks there show it, or the point in time at which they do.
/// </summary>
/// <remarks>
/// A time that the clocks skip is meant by the offset before, one that they show twice by the offset after (as in
/// DetermineTimeZoneOffset, src/backend/utils/adt/datetime.c). The framework rounds offsets to minutes, and the last zone to have
/// seconds in its offset gave them up in 1972 (Africa/Monrovia), so that times before 1973 are refused.
/// </remarks>
internal sealed class TimeZoneRules
{
    private const long MicrosecondsPerDay = CalendarFunctions.MicrosecondsPerDay;

    /// <summary>1973-01-01.</summary>
    private const long FirstKnown = -9_861 * MicrosecondsPerDay;

    private readonly TimeZoneInfo _zone;

    private TimeZoneRules(TimeZoneInfo zone) => _zone = zone;

    /// <param name="name">Area and place, such as Europe/Berlin, or UTC. Abbreviations mean something else to PostgreSQL.</param>
    /// <param name="rules">The zone.</param>
    public static bool TryFind(string name, [NotNullWhen(true)] out TimeZoneRules? rules)
    {
        rules = null;
        bool isName = name == "UTC"
            || (name.Contains('/', StringComparison.Ordinal) && char.IsAsciiLetterUpper(name[0])
                && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+'));
        if (isName && TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone))
        {
            rules = new TimeZoneRules(zone);
        }

        return rules is not null;
    }

    public static ExpressionError ToLocal(TimeZoneRules zone, Instant time, out LocalDateTime result)
    {
        ExpressionError error = CheckKnown(time.Microseconds);
        result = new(error == ExpressionError.None ? time.Microseconds + zone.OffsetAt(time.Microseconds) : 0);
        return error == ExpressionError.None ? CalendarFunctions.Check(result.Microseconds) : error;
    }

    /// <summary>A date is its first moment in UTC, as in PostgreSQL.</summary>
    public static ExpressionError ToLocal(TimeZoneRules zone, Day date, out LocalDateTime result) =>
        ToLocal(zone, new Instant(CalendarFunctions.Start(date)), out result);

    public static ExpressionError ToInstant(TimeZoneRules zone, LocalDateTime time, out Instant result)
    {
        result = default;
        long local = time.Microseconds;
        ExpressionError error = CheckKnown(local);
        if (error != ExpressionError.None)
        {
            return error;
        }

        // If the clocks change around this time, the offsets of the days before and after are those before and after that.
        long before = zone.OffsetAt(local - MicrosecondsPerDay);
        long after = zone.OffsetAt(local + MicrosecondsPerDay);
        bool isAfter = zone.OffsetAt(local - after) == after;
        result = new(local - (isAfter ? after : before));
        return CalendarFunctions.Check(result.Microseconds);
    }

    private static ExpressionError CheckKnown(long microseconds) => CalendarFunctions.Check(microseconds) != ExpressionError.None
        ? ExpressionError.DateOutOfRange
        : microseconds < FirstKnown ? ExpressionError.ZoneUnknown
        : ExpressionError.None;

    private long OffsetAt(long microseconds)
    {
        bool isIn = CalendarFunctions.Check(microseconds) == ExpressionError.None;
        DateTime utc = isIn ? CalendarFunctions.ToDateTime(microseconds) : DateTime.MaxValue;
        return _zone.GetUtcOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc)).Ticks / TimeSpan.TicksPerMicrosecond;
    }
}
