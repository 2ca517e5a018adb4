using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>
/// Writes the examples of problems, the headers that are heeded and the streamed bodies into the operations.
/// </summary>
internal sealed class OperationDescriber : IOpenApiOperationTransformer
{
    /// <summary>W3C's own example of a trace id: the document must not change from build to build.</summary>
    private const string TraceIdExample = "0af7651916cd43dd8448eb211c80319c";

    public Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        IList<object> metadata = context.Description.ActionDescriptor.EndpointMetadata;
        foreach (Problem problem in metadata.OfType<ProblemExamples>().SelectMany(e => e.Problems))
        {
            AddExample(operation, problem);
        }

        foreach ((string name, string meaning) in metadata.OfType<HeededHeaders>().SelectMany(h => h.Headers))
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Header,
                Description = meaning,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        operation.RequestBody?.Content?.Remove(EndpointDescriptions.AnyType);
        if (metadata.OfType<StreamedBody>().LastOrDefault() is StreamedBody body)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Description = body.Description,
                Required = true,
                Content = body.ContentTypes.ToDictionary(type => type, _ => Binary()),
            };
        }

        return Task.CompletedTask;
    }

    private static void AddExample(OpenApiOperation operation, Problem problem)
    {
        string status = problem.Status.ToString(CultureInfo.InvariantCulture);
        if (operation.Responses?[status].Content?[Problem.ContentType] is OpenApiMediaType media)
        {
            media.Examples ??= new Dictionary<string, IOpenApiExample>();
            media.Examples[problem.Code] = new OpenApiExample
            {
                Summary = problem.Title,
                Value = JsonSerializer.SerializeToNode(
                    problem with { TraceId = TraceIdExample }, PipelineJson.Options) as JsonObject,
            };
        }
    }

    private static OpenApiMediaType Binary() =>
        new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } };
}
