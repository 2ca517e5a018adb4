using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>What was read of a date, a time or both.</summary>
/// <param name="Days">Since 2000-01-01; 0 where no day was asked for.</param>
/// <param name="Microseconds">Since midnight; 0 where no time was said.</param>
/// <param name="OffsetSeconds">East of UTC.</param>
/// <param name="HasOffset">Whether an offset was said.</param>
internal readonly record struct CalendarReading(int Days, long Microseconds, int OffsetSeconds, bool HasOffset)
{
    private const long MicrosecondsPerDay = 86_400 * IsoCalendar.MicrosecondsPerSecond;

    /// <summary>Microseconds since 2000-01-01 00:00:00, in UTC where there is an offset.</summary>
    public long Instant =>
        (Days * MicrosecondsPerDay) + Microseconds - (OffsetSeconds * IsoCalendar.MicrosecondsPerSecond);
}

/// <summary>Another form of dates and times than the default one. Immutable; reading allocates nothing.</summary>
internal abstract class CalendarForm
{
    public abstract RecordErrorCode Read(ReadOnlySpan<byte> text, out CalendarReading reading);

    /// <summary>The form that a field names, or null for the default.</summary>
    /// <exception cref="FieldFaultException">It is no pattern that can be read.</exception>
    public static CalendarForm? Of(FieldDefinition field) =>
        !FieldFormats.TakesPattern(field.Type) || field.Format == FieldFormats.Default ? null
        : field.Format == FieldFormats.Any ? new AnyForm(field.Type)
        : PatternForm.Compile(field.Type, field.Format);
}

/// <summary>Dates in such a form. Binary form: that of a date.</summary>
internal readonly struct FormedDate(CalendarForm form) : IScalarFormat<int>
{
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out int value)
    {
        RecordErrorCode code = form.Read(text, out CalendarReading reading);
        value = reading.Days;
        return code;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out int value)
    {
        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(int value, RowBuffer rows) => rows.WriteIntegerField(value);
}

/// <summary>Times of day in such a form. Binary form: that of a time.</summary>
internal readonly struct FormedTime(CalendarForm form) : IScalarFormat<long>
{
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out long value)
    {
        RecordErrorCode code = form.Read(text, out CalendarReading reading);
        value = reading.Microseconds;
        return code;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out long value)
    {
        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(long value, RowBuffer rows) => rows.WriteIntegerField(value);
}

/// <summary>
/// Dates with times in such a form; no offset means UTC, and a column without time zone refuses one. Binary form: that of a
/// timestamp.
/// </summary>
internal readonly struct FormedTimestamp(CalendarForm form, bool takesOffset) : IScalarFormat<long>
{
    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out long value)
    {
        RecordErrorCode code = form.Read(text, out CalendarReading reading);
        value = reading.Instant;
        return code == RecordErrorCode.None && reading.HasOffset && !takesOffset ? RecordErrorCode.Format : code;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out long value)
    {
        value = 0;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(long value, RowBuffer rows) => rows.WriteIntegerField(value);
}
