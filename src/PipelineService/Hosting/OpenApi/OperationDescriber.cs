using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>
/// Writes what endpoints say about themselves (<see cref="EndpointDescriptions"/>) into their operations: parameters, bodies,
/// problems, headers of the answers.
/// </summary>
internal sealed class OperationDescriber : IOpenApiOperationTransformer
{
    public Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        IList<object> metadata = context.Description.ActionDescriptor.EndpointMetadata;
        OpenApiDocument document = context.Document!;

        foreach (ShownParameter shown in metadata.OfType<TakenParameters>().SelectMany(t => t.Parameters))
        {
            Describe(operation, shown, document);
        }

        foreach (ShownParameter shown in metadata.OfType<HeededHeaders>().SelectMany(h => h.Headers))
        {
            AddHeader(operation, shown, document);
        }

        DescribeBody(operation, metadata.OfType<StreamedBody>().LastOrDefault());
        foreach (TextAnswer text in metadata.OfType<TextAnswer>())
        {
            AddText(operation, text);
        }

        ProblemExampleWriter.Write(operation, metadata, document);
        IEnumerable<AnsweredHeader> ofProblems = ProblemHeaders.Of(
            [.. metadata.OfType<ProblemExamples>().SelectMany(e => e.Problems)]);
        foreach (AnsweredHeader answered in ofProblems.Concat(metadata.OfType<AnsweredHeader>()))
        {
            AddAnswered(operation, answered, document);
        }

        operation.Responses = InOrder(operation.Responses!);
        return Task.CompletedTask;
    }

    private static void Describe(OpenApiOperation operation, ShownParameter shown, OpenApiDocument document)
    {
        OpenApiParameter? parameter = operation.Parameters?.OfType<OpenApiParameter>().FirstOrDefault(p => p.Name == shown.Name);
        if (parameter is not null)
        {
            parameter.Description = shown.Meaning;
            parameter.Schema = shown.Shape?.Invoke(document) ?? parameter.Schema;
        }
    }

    private static void AddHeader(OpenApiOperation operation, ShownParameter shown, OpenApiDocument document) =>
        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = shown.Name,
            In = ParameterLocation.Header,
            Description = shown.Meaning,
            Schema = (shown.Shape ?? Shapes.Text)(document),
        });

    private static void DescribeBody(OpenApiOperation operation, StreamedBody? streamed)
    {
        operation.RequestBody?.Content?.Remove(EndpointDescriptions.AnyType);
        if (streamed is not null)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Description = streamed.Description,
                Required = true,
                Content = streamed.ContentTypes.ToDictionary(type => type, _ => Binary()),
            };
        }
    }

    private static void AddText(OpenApiOperation operation, TextAnswer text) =>
        (ResponseOf(operation, StatusCodes.Status200OK).Content ??= new Dictionary<string, OpenApiMediaType>())[text.ContentType] = new()
        {
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, Description = text.Meaning },
            Example = text.Example,
        };

    private static void AddAnswered(OpenApiOperation operation, AnsweredHeader answered, OpenApiDocument document)
    {
        foreach (int status in answered.Statuses)
        {
            (ResponseOf(operation, status).Headers ??= new Dictionary<string, IOpenApiHeader>())[answered.Header.Name] =
                new OpenApiHeader
                {
                    Description = answered.Header.Meaning,
                    Required = answered.Header.IsAlways,
                    Schema = answered.Header.Shape(document),
                };
        }
    }

    /// <summary>The response that the endpoint has declared with <c>Produces</c>.</summary>
    private static OpenApiResponse ResponseOf(OpenApiOperation operation, int status) =>
        operation.Responses?.GetValueOrDefault($"{status}") as OpenApiResponse
        ?? throw new InvalidOperationException($"{operation.OperationId} does not declare that it answers {status}.");

    /// <summary>By status; those who read it look for one.</summary>
    private static OpenApiResponses InOrder(OpenApiResponses responses)
    {
        OpenApiResponses ordered = [];
        foreach ((string status, IOpenApiResponse response) in responses.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            ordered[status] = response;
        }

        return ordered;
    }

    private static OpenApiMediaType Binary() =>
        new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } };
}
