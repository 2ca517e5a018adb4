using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// Dates and times in any of a list of forms (docs/table-schema.md has it), each of which can mean one thing only. What can
/// mean two, as <c>05/06/2024</c>, is refused; a year always has four digits.
/// </summary>
/// <remarks>
/// The standard leaves the strategies to the implementation. The reference implementation guesses (with dateutil, month first):
/// a guess would load half of a file of dates wrongly and reject none.
/// </remarks>
internal sealed class AnyForm(FieldType type) : CalendarForm
{
    public override RecordErrorCode Read(ReadOnlySpan<byte> text, out CalendarReading reading)
    {
        reading = default;
        AnyText rest = new(text);
        AnyDate date = default;
        AnyTime time = default;
        bool isRead = type switch
        {
            FieldType.Date => date.TryRead(ref rest) && !date.NeedsYear,
            FieldType.Time => time.TryRead(ref rest, isCompact: false),
            _ => TryReadBoth(ref rest, ref date, ref time),
        };
        if (!isRead || !rest.IsAtEnd)
        {
            return RecordErrorCode.TypeMismatch;
        }

        int days = 0;
        RecordErrorCode code = type == FieldType.Time ? RecordErrorCode.None : date.Days(out days);
        reading = new CalendarReading(days, time.Microseconds, time.OffsetSeconds, time.HasOffset);
        return code == RecordErrorCode.None ? time.Code : code;
    }

    /// <summary>A date, and perhaps a time; the year may come last, as <c>date</c> and <c>asctime</c> of Unix have it.</summary>
    private static bool TryReadBoth(ref AnyText rest, ref AnyDate date, ref AnyTime time)
    {
        if (!date.TryRead(ref rest))
        {
            return false;
        }

        if (rest.IsAtEnd)
        {
            return !date.NeedsYear;
        }

        bool isJoined = rest.TryTake((byte)'T') || rest.TryTake((byte)'t');
        if (!isJoined)
        {
            rest.TryTake((byte)',');
            if (rest.TakeBlanks() == 0)
            {
                return false;
            }
        }

        return time.TryRead(ref rest, isCompact: isJoined)
            && time.TryReadZone(ref rest)
            && (!date.NeedsYear || date.TryReadYear(ref rest));
    }
}
