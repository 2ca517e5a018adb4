namespace PipelineService.Core.Rules;

/// <summary>Why an expression has no result for a record: always the record's values, never the expression.</summary>
public enum ExpressionError : byte
{
    None = 0,
    DivisionByZero = 1,
    IntegerOverflow = 2,
    NumberOverflow = 3,
    FloatOverflow = 4,
    DateOutOfRange = 5,
    ArgumentOutOfRange = 6,
    NotANumber = 7,
    NotABoolean = 8,
    NotADate = 9,
    TextTooLong = 10,
    ZoneUnknown = 11,
}
