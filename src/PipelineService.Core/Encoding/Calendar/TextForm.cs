using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// Reads a date, a time or both as a pattern says and writes the ISO form of what was read: <c>2024-05-06</c>, <c>07:08:09.5</c>,
/// <c>2024-05-06T07:08:09</c>, with <c>Z</c> behind it and in UTC where an offset was read.
/// </summary>
internal sealed class TextForm
{
    /// <summary>Bytes of the longest text that is written.</summary>
    public const int BytesMax = 40;

    private readonly FieldType _type;
    private readonly PatternForm _pattern;

    private TextForm(FieldType type, PatternForm pattern)
    {
        _type = type;
        _pattern = pattern;
    }

    /// <param name="type">Of the field; where it is neither date nor time, the pattern tells what it reads.</param>
    /// <param name="pattern">Of <c>strptime</c>.</param>
    /// <exception cref="FieldFaultException">It cannot be read, or does not say what the type needs.</exception>
    public static TextForm Compile(FieldType type, string pattern)
    {
        if (type is FieldType.Date or FieldType.Time or FieldType.DateTime)
        {
            return new(type, PatternForm.Compile(type, pattern));
        }

        FieldType read = PatternSyntax.TypeOf(pattern);
        return new(read, PatternForm.Compile(read, pattern));
    }

    /// <summary>Writes what the text says.</summary>
    /// <param name="text">As the pattern has it.</param>
    /// <param name="iso">At least <see cref="BytesMax"/>.</param>
    /// <returns>Bytes written; 0 when the text does not fit, or is no day of the years 1 to 9999.</returns>
    public int Write(ReadOnlySpan<byte> text, Span<byte> iso)
    {
        if (_pattern.Read(text, out CalendarReading reading) != RecordErrorCode.None)
        {
            return 0;
        }

        return _type switch
        {
            FieldType.Date => CalendarText.WriteDate(reading.Days, iso),
            FieldType.Time => CalendarText.WriteTime(reading.Microseconds, iso),
            _ => WriteDateTime(reading, iso),
        };
    }

    private static int WriteDateTime(CalendarReading reading, Span<byte> iso)
    {
        if (!IsoCalendar.IsInRange(reading.Instant))
        {
            return 0;
        }

        int length = CalendarText.WriteTimestamp(reading.Instant, isInstant: false, iso);
        iso[IsoCalendar.DateBytes] = (byte)'T';
        if (reading.HasOffset)
        {
            iso[length++] = (byte)'Z';
        }

        return length;
    }
}
