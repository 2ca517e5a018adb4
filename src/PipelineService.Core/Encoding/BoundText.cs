using System.Text.Json;
using PipelineService.Core.Datasets;
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
            || (JsonKindOf(bytes) is JsonTokenType kind && format.ParseJson(kind, bytes, out value) == RecordErrorCode.None);
    }

    /// <summary>The kind of a JSON number or literal, null when the bytes are neither.</summary>
    public static JsonTokenType? JsonKindOf(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("true"u8))
        {
            return JsonTokenType.True;
        }

        if (text.SequenceEqual("false"u8))
        {
            return JsonTokenType.False;
        }

        return DecimalText.TryParse(text, out _) ? JsonTokenType.Number : null;
    }

    public static FieldFaultException Fault(FieldDefinition field, string constraint, string text)
    {
        string type = field.Type.ToString().ToLowerInvariant();
        return new($"{constraint} \"{text}\" is not a value of type {type} that fits {field.ColumnType}.");
    }
}
