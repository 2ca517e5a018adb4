using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>The descriptions of schemas, which come from the comments in the code.</summary>
internal static class SchemaText
{
    /// <summary>Comments are broken where a line ends; a text is not.</summary>
    public static string? InOneLine(string? text) =>
        text?.Replace("\n\n", "\u2029", StringComparison.Ordinal)
            .Replace('\n', ' ')
            .Replace("\u2029", "\n\n", StringComparison.Ordinal);

    /// <summary>
    /// A property's own description: not that of what it refers to. Where null is taken too it stands within, and is taken
    /// away there.
    /// </summary>
    public static string? Take(IOpenApiSchema schema)
    {
        switch (schema)
        {
            case OpenApiSchemaReference reference:
                string? text = reference.Reference.Description;
                reference.Description = null;
                return InOneLine(text);
            case { OneOf: { } either }:
                return either.Select(Take).FirstOrDefault(part => part is not null);
            default:
                return InOneLine(schema.Description);
        }
    }
}
