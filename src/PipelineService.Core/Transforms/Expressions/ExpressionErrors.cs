using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Expressions;

/// <summary>The sentences of <see cref="ExpressionError"/>, as a dead letter tells them.</summary>
public static class ExpressionErrors
{
    /// <summary>Bytes of a text that an expression makes.</summary>
    public const int TextBytesMax = 64 << 10;

    public static string SentenceOf(ExpressionError error) => error switch
    {
        ExpressionError.DivisionByZero => "Division by zero.",
        ExpressionError.IntegerOverflow => "An integer is out of range: -9223372036854775808 to 9223372036854775807.",
        ExpressionError.NumberOverflow =>
            "A number has more than 28 digits, zeros after the point included, or is NaN or infinite; round what is in between.",
        ExpressionError.FloatOverflow => "A floating-point number is too large or too small.",
        ExpressionError.DateOutOfRange => "A date is out of range: the years 0001 to 9999.",
        ExpressionError.ArgumentOutOfRange => "An argument of a function is out of its range.",
        ExpressionError.NotANumber => "A text is not a number.",
        ExpressionError.NotABoolean => "A text is not a boolean.",
        ExpressionError.NotADate => "A text is not a date or time in ISO form.",
        ExpressionError.TextTooLong => "A text is longer than 64 KiB.",
        ExpressionError.ZoneUnknown => "The offset of a time zone is not known for certain before 1973.",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "Not an error."),
    };
}
