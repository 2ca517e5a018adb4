using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>What is wrong with the <c>format</c> of a field.</summary>
public static class FieldFormatFault
{
    /// <summary>Null when the format is one of its type.</summary>
    public static string? Of(FieldDefinition field)
    {
        if (FieldFormats.Of(field.Type).Contains(field.Format))
        {
            return null;
        }

        if (FieldFormats.TakesPattern(field.Type))
        {
            return OfPattern(field);
        }

        string words = string.Join(", ", FieldFormats.Of(field.Type));
        string type = field.Type.ToString().ToLowerInvariant();
        string oneOf = words.Contains(',', StringComparison.Ordinal) ? "one of " : "";
        return $"\"{Excerpt.Of(field.Format)}\" is no format of type {type}: use {oneOf}{words}.";
    }

    private static string? OfPattern(FieldDefinition field)
    {
        try
        {
            PatternForm.Compile(field.Type, field.Format);
            return null;
        }
        catch (FieldFaultException exception)
        {
            return exception.Message;
        }
    }
}
