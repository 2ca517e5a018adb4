using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>Dates, <c>YYYY-MM-DD</c>. Binary form: days since 2000-01-01 as int32.</summary>
internal readonly struct DateFormat : IScalarFormat<int>
{
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out int value)
    {
        if (text.Length == IsoCalendar.DateBytes)
        {
            return IsoCalendar.ReadDate(text, out value);
        }

        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out int value)
    {
        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(int value, RowBuffer rows) => rows.WriteIntegerField(value);
}

/// <summary>
/// Times of day, <c>hh:mm:ss[.ffffff]</c>, without a zone. Binary form: microseconds since midnight as int64.
/// </summary>
internal readonly struct TimeFormat : IScalarFormat<long>
{
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out long value)
    {
        RecordErrorCode code = IsoCalendar.ReadTime(text, out value, out int length);

        // What follows the time is looked at first: "12:00:00.1234567Z" is no time, whatever its precision.
        return length != text.Length ? RecordErrorCode.TypeMismatch : code;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out long value)
    {
        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(long value, RowBuffer rows) => rows.WriteIntegerField(value);
}

/// <summary>
/// Instants; no offset means UTC. Binary form: microseconds since 2000-01-01 00:00:00 UTC as int64.
/// </summary>
internal readonly struct TimestampTzFormat : IScalarFormat<long>
{
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out long value) => TimestampText.Parse(text, out value, out _);

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out long value)
    {
        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(long value, RowBuffer rows) => rows.WriteIntegerField(value);
}

/// <summary>
/// Local date and time, same binary form. An offset is refused: the column has no place for it, and PostgreSQL's own
/// input drops it without a word.
/// </summary>
internal readonly struct TimestampFormat : IScalarFormat<long>
{
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out long value)
    {
        RecordErrorCode code = TimestampText.Parse(text, out value, out bool hasOffset);
        return code == RecordErrorCode.None && hasOffset ? RecordErrorCode.Format : code;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out long value)
    {
        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(long value, RowBuffer rows) => rows.WriteIntegerField(value);
}

/// <summary>
/// The lexical form of datetimes: ISO 8601 extended, <c>YYYY-MM-DDThh:mm:ss[.ffffff][Z|±hh|±hhmm|±hh:mm]</c>, with a
/// space instead of T as PostgreSQL and many exports write it.
/// </summary>
file static class TimestampText
{
    private const long SecondsPerDay = 86_400;

    public static RecordErrorCode Parse(ReadOnlySpan<byte> text, out long microseconds, out bool hasOffset)
    {
        microseconds = 0;
        hasOffset = false;
        if (text.Length < IsoCalendar.DateBytes + 1 + IsoCalendar.TimeBytes
            || text[IsoCalendar.DateBytes] is not ((byte)'T' or (byte)' ' or (byte)'t'))
        {
            return RecordErrorCode.TypeMismatch;
        }

        RecordErrorCode dateCode = IsoCalendar.ReadDate(text, out int days);
        RecordErrorCode timeCode = IsoCalendar.ReadTime(text[(IsoCalendar.DateBytes + 1)..], out long time, out int timeLength);
        ReadOnlySpan<byte> zone = text[(IsoCalendar.DateBytes + 1 + timeLength)..];
        hasOffset = !zone.IsEmpty;
        int offsetSeconds = 0;
        if (dateCode == RecordErrorCode.TypeMismatch
            || timeCode == RecordErrorCode.TypeMismatch
            || (hasOffset && !ZoneText.TryReadOffset(zone, out offsetSeconds)))
        {
            return RecordErrorCode.TypeMismatch;
        }

        microseconds = (((days * SecondsPerDay) - offsetSeconds) * IsoCalendar.MicrosecondsPerSecond) + time;
        return dateCode == RecordErrorCode.None ? timeCode : dateCode;
    }
}
