using System.Buffers.Text;
using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Functions;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// Gives a part of a date or time to a field. The text is read as the field reads it, in UTC where it says an offset; one that the
/// field would refuse is refused here, since the field may have lost it when it is its turn.
/// </summary>
internal sealed class DatePartStep(StepField field, int into, DatePart part) : RecordStep
{
    /// <summary>Digits of the longest number.</summary>
    private const int DigitsMax = 4;

    private readonly FieldType _type = field.Definition.Type;
    private readonly bool _takesOffset = field.Definition.ColumnType.Name != SqlTypeName.Timestamp;
    private readonly CalendarForm? _form = CalendarForm.Of(field.Definition);
    private readonly CalendarPart _part = PartOf(part);

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives { get; } = [into];

    /// <inheritdoc/>
    public override StepResult Apply(OpenRecord record)
    {
        ValueKind kind = record.KindOf(field.Index);
        bool isText = record.TryGetText(field.Index, out ReadOnlySpan<byte> text);
        if (kind <= ValueKind.Null || (isText && kind == ValueKind.Text && field.IsMissing(text)))
        {
            record.Remove(into);
            return StepResult.Kept;
        }

        long time = 0;
        RecordErrorCode code = !isText ? RecordErrorCode.InvalidUtf8
            : kind != ValueKind.Text ? RecordErrorCode.TypeMismatch
            : Read(text, out time);
        if (code == RecordErrorCode.None && CalendarFunctions.Extract(_part, time, out decimal value) is ExpressionError.None)
        {
            Span<byte> digits = stackalloc byte[DigitsMax];
            Utf8Formatter.TryFormat((int)value, digits, out int length);
            record.SetText(into, digits[..length]);
            return StepResult.Kept;
        }

        return StepResult.Rejected((short)field.Index, code == RecordErrorCode.None ? RecordErrorCode.OutOfRange : code);
    }

    /// <summary>Microseconds since 2000-01-01 00:00:00; of a time, since midnight.</summary>
    private RecordErrorCode Read(ReadOnlySpan<byte> text, out long time)
    {
        RecordErrorCode code;
        switch (_type)
        {
            case FieldType.Date:
                code = _form is null ? default(DateFormat).Parse(text, out int days) : new FormedDate(_form).Parse(text, out days);
                time = days * CalendarFunctions.MicrosecondsPerDay;
                return code;
            case FieldType.Time:
                return _form is null ? default(TimeFormat).Parse(text, out time) : new FormedTime(_form).Parse(text, out time);
            default:
                return _form is not null ? new FormedTimestamp(_form, _takesOffset).Parse(text, out time)
                    : _takesOffset ? default(TimestampTzFormat).Parse(text, out time)
                    : default(TimestampFormat).Parse(text, out time);
        }
    }

    /// <summary>As expressions extract it: the two must agree.</summary>
    private static CalendarPart PartOf(DatePart part) => part switch
    {
        DatePart.Year => CalendarPart.Year,
        DatePart.Quarter => CalendarPart.Quarter,
        DatePart.Month => CalendarPart.Month,
        DatePart.Week => CalendarPart.Week,
        DatePart.Day => CalendarPart.Day,
        DatePart.DayOfWeek => CalendarPart.IsoDayOfWeek,
        DatePart.DayOfYear => CalendarPart.DayOfYear,
        DatePart.Hour => CalendarPart.Hour,
        DatePart.Minute => CalendarPart.Minute,
        DatePart.Second => CalendarPart.Second,
        _ => CalendarPart.IsoYear,
    };
}
