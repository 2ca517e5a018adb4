
namespace PipelineService.Hosting.Http;

/// <summary>
/// Ends connections on which it is open where the next request begins.
///
/// 1. A request whose length can be understood in two ways is refused. What stands between us and the client may understand the
///    other one: then a body is cut, or a second request hides in the first (RFC 9112, sections 6.1, 6.3 and 11.2).
/// 2. A client that asked whether to send its body (<c>Expect: 100-continue</c>) and was refused may send it or not (RFC 9110,
///    section 10.1.1).
/// </summary>
internal sealed class RequestFraming(RequestDelegate next)
{
    /// <summary>The name under which the server keeps a Content-Length that came together with a Transfer-Encoding.</summary>
    private const string OverruledLength = "X-Content-Length";

    public Task InvokeAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Request.Headers;
        string? fault = headers.TransferEncoding.Count > 0 ? FaultOf(headers) : null;
        if (fault is not null || headers.Expect.Count > 0)
        {
            context.Response.OnStarting(CloseIfRefused, context.Response);
        }

        return fault is null ? next(context) : throw new BadHttpRequestException(fault);
    }

    private static Task CloseIfRefused(object answer)
    {
        var response = (HttpResponse)answer;
        if (response.StatusCode >= StatusCodes.Status400BadRequest)
        {
            response.Headers.Connection = "close";
        }

        return Task.CompletedTask;
    }

    /// <summary>The server takes any list of codings that ends with chunked, and removes chunked alone, once.</summary>
    private static string? FaultOf(IHeaderDictionary headers) =>
        headers.ContainsKey(OverruledLength) ? "Send either Content-Length or Transfer-Encoding."
        : headers.TransferEncoding is not [string coding] || !coding.Equals("chunked", StringComparison.OrdinalIgnoreCase)
            ? "The only Transfer-Encoding that is taken is chunked, once."
            : null;
}
