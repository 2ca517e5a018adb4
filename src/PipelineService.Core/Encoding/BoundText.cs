using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>
/// Bounds and enum members as the definition wrote them. The standard lets them be native JSON values or texts in the
/// field's lexical form, so both are tried.
/// </summary>
internal static class BoundText
{
    public static bool TryParse<TValue, TFormat>(string text, TFormat format, out TValue value)
        where TValue : struct
        where TFormat : struct, IScalarFormat<TValue>
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return format.Parse(bytes, out value) == RecordErrorCode.None
            || (LiteralKindOf(bytes) is ValueKind kind
                && format.ParseJson(kind, bytes, out value) == RecordErrorCode.None)
            || format.Parse(DigitsOf(bytes), out value) == RecordErrorCode.None;
    }

    /// <summary>
    /// A whole number as its digits, any other text as it is. In a definition, unlike in data, an integer may be
    /// written in every way of JSON: 100, 100.0 or 1e2.
    /// </summary>
    public static byte[] DigitsOf(byte[] text)
    {
        if (!DecimalText.TryParse(text, out DecimalText number)
            || !number.IsIntegral || number.FirstWeight > NumericBinary.FirstWeightMax)
        {
            return text;
        }

        int sign = number.IsNegative ? 1 : 0;
        byte[] digits = new byte[sign + number.FirstWeight + 1];
        digits[0] = (byte)'-';
        for (int i = sign; i < digits.Length; i++)
        {
            digits[i] = (byte)('0' + number.DigitAt(digits.Length - 1 - i));
        }

        return digits;
    }

    private static ValueKind? LiteralKindOf(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("true"u8) ? ValueKind.True
        : text.SequenceEqual("false"u8) ? ValueKind.False
        : null;

    public static FieldFaultException Fault(FieldDefinition field, string constraint, string text)
    {
        string type = field.Type.ToString().ToLowerInvariant();
        string format = field.Format == FieldFormats.Default ? "" : $": it is written by the field's format, {Excerpt.Of(field.Format)}";
        return new($"{constraint} \"{Excerpt.Of(text)}\" is not a value of type {type} that fits {field.ColumnType}{format}.");
    }
}
