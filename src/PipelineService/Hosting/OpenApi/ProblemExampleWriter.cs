using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using PipelineService.Hosting.Http;

namespace PipelineService.Hosting.OpenApi;

/// <summary>
/// Writes the problems of an operation as examples of its responses; and those that any operation may answer, since they come
/// from before the endpoint: 400 for a query that cannot be used, 406 for a form that there is not, and the response
/// <c>default</c> for the rest.
/// </summary>
internal static class ProblemExampleWriter
{
    private const string AnyOther = "default";

    /// <summary>W3C's own example of a trace id: the document must not change from build to build.</summary>
    private const string TraceIdExample = "0af7651916cd43dd8448eb211c80319c";

    private static readonly Problem UnusableQuery = Problem.MalformedQuery(
        new Dictionary<string, string[]> { ["/cursor"] = ["It holds U+0000 or half of a surrogate pair."] });

    private static readonly Problem InternalError = ErrorAnswers.Describe(StatusCodes.Status500InternalServerError, null);

    /// <param name="metadata">Of the endpoint.</param>
    public static void Write(OpenApiOperation operation, IEnumerable<object> metadata, OpenApiDocument document)
    {
        string[] forms = EndpointDescriptions.FormsOf(metadata);
        IEnumerable<Problem> common = forms.Length == 0 ? [UnusableQuery] : [UnusableQuery, Acceptability.Refusal(forms)];
        foreach (Problem problem in common.Concat(metadata.OfType<ProblemExamples>().SelectMany(examples => examples.Problems)))
        {
            Add(operation, $"{problem.Status}", problem, document);
        }

        Add(operation, AnyOther, InternalError, document);
        operation.Responses![AnyOther].Description =
            "Any other error: what the server refuses before it knows the call (408, 414, 431 …), "
            + "and faults of the service (500).";
    }

    private static void Add(OpenApiOperation operation, string status, Problem problem, OpenApiDocument document)
    {
        operation.Responses ??= [];
        if (!operation.Responses.TryGetValue(status, out IOpenApiResponse? response))
        {
            operation.Responses[status] = response = new OpenApiResponse
            {
                Description = ReasonPhrases.GetReasonPhrase(problem.Status),
                Content = new Dictionary<string, OpenApiMediaType>(),
            };
        }

        if (!response.Content!.TryGetValue(Problem.ContentType, out OpenApiMediaType? media))
        {
            response.Content[Problem.ContentType] = media =
                new OpenApiMediaType { Schema = new OpenApiSchemaReference(nameof(Problem), document) };
        }

        media.Examples ??= new Dictionary<string, IOpenApiExample>();
        media.Examples[problem.Code] = new OpenApiExample
        {
            Summary = problem.Title,
            Value = JsonSerializer.SerializeToNode(problem with { TraceId = TraceIdExample }, PipelineJson.Options) as JsonObject,
        };
    }
}
