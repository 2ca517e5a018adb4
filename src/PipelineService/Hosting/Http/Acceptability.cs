using PipelineService.Hosting.OpenApi;

namespace PipelineService.Hosting.Http;

/// <summary>
/// Refuses a request whose answer the client could not read, before anything is done for it: 406, with the forms that there are.
/// Answers without a body suit everybody, and so do problems, health and metrics: probes ask for what they like.
/// </summary>
internal sealed class Acceptability(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        string[] forms = EndpointDescriptions.FormsOf(context.GetEndpoint()?.Metadata ?? EndpointMetadataCollection.Empty);
        return forms.Length == 0 || AcceptHeader.Choose(context.Request.Headers.Accept, forms) is not null
            ? next(context)
            : Refusal(forms).ToResult().ExecuteAsync(context);
    }

    internal static Problem Refusal(IEnumerable<string> forms) => ErrorAnswers.Describe(
        StatusCodes.Status406NotAcceptable,
        $"The answer can be given as {string.Join(" or ", forms)}; ask for one of these in Accept, or leave the header out.");
}
