
namespace PipelineService.Hosting.Http;

/// <summary>
/// Answers OPTIONS with the methods that an address takes. A browser that asks for a page of another origin is told why it gets
/// no leave: nothing here is meant to be called across origins.
/// </summary>
internal sealed class OptionsRequests(RequestDelegate next)
{
    private const string NoCors =
        "The service does not let web pages of other origins call it (CORS): call it from a server, or put a proxy in front of "
        + "both.";

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        HttpResponse answer = context.Response;
        if (!HttpMethods.IsOptions(context.Request.Method) || answer.HasStarted
            || answer.StatusCode != StatusCodes.Status405MethodNotAllowed)
        {
            return;
        }

        answer.Headers.Allow = $"{answer.Headers.Allow}, {HttpMethods.Options}";
        if (context.Request.Headers.ContainsKey("Access-Control-Request-Method"))
        {
            await ErrorAnswers.Describe(answer.StatusCode, NoCors).ToResult().ExecuteAsync(context);
        }
        else
        {
            answer.StatusCode = StatusCodes.Status204NoContent;
        }
    }
}
