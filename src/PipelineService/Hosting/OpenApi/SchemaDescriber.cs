using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>Mends schemas that generated clients stumble over.</summary>
internal sealed class SchemaDescriber : IOpenApiSchemaTransformer
{
    public Task TransformAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        // The framework leaves the type out where the enum is complete without it; generators then guess.
        if (schema.Enum is { Count: > 0 } && schema.Type is null)
        {
            schema.Type = JsonSchemaType.String;
        }

        // Numbers come with a pattern for numbers in texts, which the service refuses.
        if (schema.Type is { } type && (type & (JsonSchemaType.Integer | JsonSchemaType.Number)) != 0)
        {
            schema.Pattern = null;
        }

        return Task.CompletedTask;
    }
}
