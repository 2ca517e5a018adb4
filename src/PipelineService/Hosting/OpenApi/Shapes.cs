using System.Globalization;
using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>What a parameter or a header can hold: made for the document that names it.</summary>
internal delegate IOpenApiSchema Shape(OpenApiDocument document);

/// <summary>The shapes that there are.</summary>
internal static class Shapes
{
    public static Shape Text { get; } = _ => new OpenApiSchema { Type = JsonSchemaType.String };

    /// <summary>A UUID.</summary>
    public static Shape Id { get; } = _ => new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid" };

    public static Shape TextOf(int lengthMin, int lengthMax, string? pattern = null) => _ => new OpenApiSchema
    {
        Type = JsonSchemaType.String,
        MinLength = lengthMin,
        MaxLength = lengthMax,
        Pattern = pattern,
    };

    public static Shape Matching(string pattern) =>
        _ => new OpenApiSchema { Type = JsonSchemaType.String, Pattern = pattern };

    public static Shape Always(string value) =>
        _ => new OpenApiSchema { Type = JsonSchemaType.String, Enum = [value] };

    public static Shape WholeNumber(int min, int? max = null, int? otherwise = null) => _ => new OpenApiSchema
    {
        Type = JsonSchemaType.Integer,
        Format = "int32",
        Minimum = min.ToString(CultureInfo.InvariantCulture),
        Maximum = max?.ToString(CultureInfo.InvariantCulture),
        Default = otherwise,
    };

    /// <summary>Several of one shape, each as a parameter of its own: <c>a=1&amp;a=2</c>.</summary>
    public static Shape ListOf(Shape one) =>
        document => new OpenApiSchema { Type = JsonSchemaType.Array, Items = one(document) };

    public static Shape Flag { get; } = _ => new OpenApiSchema { Type = JsonSchemaType.Boolean };

    /// <summary>A schema that the document has under this name.</summary>
    public static Shape Named(string name) => document => new OpenApiSchemaReference(name, document);
}
