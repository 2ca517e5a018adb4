using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>
/// Reads dates and times in patterns of <c>strptime</c>, the first that fits, and writes them in the ISO form: that of the field's type,
/// or for texts that of what the pattern reads.
/// </summary>
public sealed record ParseDateOp : TransformOp
{
    public override string Word => "parse_date";

    /// <summary>The patterns, in the order in which they are tried.</summary>
    public ImmutableArray<string> Formats { get; init; } = [];

    /// <summary>What becomes of a text that fits none.</summary>
    public OnError OnError { get; init; }

    public override bool SuitsPattern(FieldDefinition field) =>
        field.Type is FieldType.Date or FieldType.Time or FieldType.DateTime;

    public override string PatternTypes => "date, time or datetime";
}

/// <summary>What becomes of a value that an op can make nothing of.</summary>
public enum OnError
{
    /// <summary>Its record is rejected.</summary>
    Reject,

    /// <summary>There is no value, and the record is counted for the op.</summary>
    Null,
}

/// <summary>Gives a part of one field's date or time, a whole number, to another field.</summary>
public sealed record DatePartOp : TransformOp
{
    public override string Word => "date_part";

    public DatePart Part { get; init; }

    public override FieldType SetTypeOf(SetField set) => FieldType.Integer;
}

/// <summary>The parts of dates and times that are whole numbers; weeks and their days are those of ISO 8601.</summary>
public enum DatePart
{
    Year,
    Quarter,
    Month,
    Week,
    Day,

    /// <summary>1 is Monday, 7 is Sunday.</summary>
    DayOfWeek,
    DayOfYear,
    Hour,
    Minute,
    Second,

    /// <summary>The year that the week belongs to.</summary>
    WeekYear,
}
