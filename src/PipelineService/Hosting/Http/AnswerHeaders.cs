namespace PipelineService.Hosting.Http;

/// <summary>
/// What every answer says to browsers and caches, whoever gives it: it is of the type that it says, no page of its own and in nobody's
/// frame, and nobody keeps it. Whoever knows better says so before.
/// </summary>
internal sealed class AnswerHeaders(RequestDelegate next)
{
    private const string NoContent = "default-src 'none'; frame-ancestors 'none'";
    private const string ForAYear = "max-age=31536000";

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(static state =>
        {
            var answered = (HttpContext)state;
            Add(answered.Response.Headers, answered.Request.IsHttps);
            return Task.CompletedTask;
        }, context);
        return next(context);
    }

    /// <summary>Adds those that are not there.</summary>
    public static void Add(IHeaderDictionary headers, bool isHttps)
    {
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (headers.ContentSecurityPolicy.Count == 0)
        {
            headers.ContentSecurityPolicy = NoContent;
        }

        if (headers.CacheControl.Count == 0)
        {
            headers.CacheControl = "no-store";
        }

        if (isHttps)
        {
            headers.StrictTransportSecurity = ForAYear;
        }
    }
}
