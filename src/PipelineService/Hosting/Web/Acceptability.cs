using Microsoft.AspNetCore.Http.Metadata;

namespace PipelineService.Hosting.Web;

/// <summary>
/// Refuses a request whose answer the client could not read, before anything is done for it: 406, with the forms that there are.
/// Answers without a declared form (no body, health, metrics) suit everybody, and so do problems.
/// </summary>
internal sealed class Acceptability(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        string[] forms =
        [
            .. context.GetEndpoint()?.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>()
                .Where(answer => answer.StatusCode is >= 200 and < 300)
                .SelectMany(answer => answer.ContentTypes)
                .Distinct() ?? [],
        ];
        return forms.Length == 0 || AcceptHeader.Choose(context.Request.Headers.Accept, forms) is not null
            ? next(context)
            : ErrorAnswers.Describe(
                StatusCodes.Status406NotAcceptable, $"The answer can be given as {string.Join(" or ", forms)}; ask for one of "
                + "these in Accept, or leave the header out.").ToResult().ExecuteAsync(context);
    }
}
