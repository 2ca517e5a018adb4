using System.Collections.Concurrent;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Hosting.Http;

/// <summary>
/// Refuses a request whose answer the client could not read, before anything is done for it: 406, with the forms that there are.
/// Answers without a body suit everybody, and so do problems, health and metrics: probes ask for what they like.
/// </summary>
internal sealed class Acceptability(RequestDelegate next)
{
    /// <summary>The forms of each endpoint, as many as there are.</summary>
    private readonly ConcurrentDictionary<EndpointMetadataCollection, string[]> _forms = new();

    public Task InvokeAsync(HttpContext context)
    {
        string[] forms = _forms.GetOrAdd(
            context.GetEndpoint()?.Metadata ?? EndpointMetadataCollection.Empty,
            static metadata => EndpointDescriptions.FormsOf(metadata));
        return forms.Length == 0 || AcceptHeader.Choose(context.Request.Headers.Accept, forms) is not null
            ? next(context)
            : Refusal(forms).ToResult().ExecuteAsync(context);
    }

    internal static Problem Refusal(IEnumerable<string> forms) => ErrorAnswers.Describe(
        StatusCodes.Status406NotAcceptable,
        $"The answer can be given as {string.Join(" or ", forms)}; ask for one of these in Accept, or leave the header out.");
}
