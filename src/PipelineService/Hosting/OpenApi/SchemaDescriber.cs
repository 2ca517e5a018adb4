using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>
/// Mends schemas one by one, and notes the contract that each was made from: <see cref="ComponentDescriber"/> mends them as
/// a whole.
/// </summary>
internal sealed class SchemaDescriber : IOpenApiSchemaTransformer
{
    /// <summary>In the metadata of a schema, which are not written into the document.</summary>
    private const string Contract = "pipeline-contract";

    /// <summary>What the serializer knows of the type that the schema was made from.</summary>
    public static JsonTypeInfo? ContractOf(OpenApiSchema schema) =>
        schema.Metadata?.TryGetValue(Contract, out object? contract) == true ? contract as JsonTypeInfo : null;

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

        (schema.Metadata ??= new Dictionary<string, object>())[Contract] = context.JsonTypeInfo;
        return Task.CompletedTask;
    }
}
