using System.Globalization;
using System.Text.Json;

namespace PipelineService.Hosting.Web;

/// <summary>
/// Every error leaves as a <see cref="Problem"/>: exceptions that nobody answered, and the bare status codes of routing. One
/// middleware for both, so that there is one table of codes.
/// </summary>
internal sealed partial class ErrorAnswers(RequestDelegate next, ILogger<ErrorAnswers> logger)
{
    /// <summary>The status that proxies log when the client went away; nobody is left to read it.</summary>
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (IsBare(context.Response))
            {
                await Describe(context.Response.StatusCode, null).ToResult().ExecuteAsync(context);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = ClientClosedRequest;
            }
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            Problem problem = Describe(fault, context.Response);
            if (problem.Status == StatusCodes.Status500InternalServerError)
            {
                Log.Unhandled(logger, fault, context.Request.Method, context.Request.Path.ToUriComponent());
            }

            await problem.ToResult().ExecuteAsync(context);
        }
    }

    private static bool IsBare(HttpResponse response) =>
        response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null };

    private static Problem Describe(Exception fault, HttpResponse response)
    {
        response.Clear();
        switch (fault)
        {
            case DatabaseUnavailableException unavailable:
                response.Headers.RetryAfter =
                    Math.Ceiling(unavailable.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                return unavailable.ToProblem();

            // What the framework says here is about the request, and written for the client.
            case BadHttpRequestException { InnerException: JsonException json }:
                return Describe(StatusCodes.Status400BadRequest, json.Message);
            case BadHttpRequestException refused:
                return Describe(refused.StatusCode, refused.Message);
            default:
                return Describe(StatusCodes.Status500InternalServerError, null);
        }
    }

    /// <summary>The problem that goes with a bare status.</summary>
    internal static Problem Describe(int status, string? detail)
    {
        (string code, string title) = status switch
        {
            400 => ("malformed_request", "The request is malformed."),
            401 => ("unauthorized", "The request needs credentials."),
            403 => ("forbidden", "These credentials do not allow this."),
            404 => ("not_found", "There is nothing at this address."),
            405 => ("method_not_allowed", "This address does not take this method; see the Allow header."),
            406 => ("not_acceptable", "The answer cannot be given in the form that was asked for."),
            408 => ("request_timeout", "The request arrived too slowly."),
            411 => ("length_required", "The request needs a Content-Length."),
            413 => ("body_too_large", "The body is larger than this address takes."),
            414 => ("uri_too_long", "The address is too long."),
            415 => ("unsupported_media_type", "The body has a type that this address does not take."),
            429 => ("too_many_requests", "Too many requests; try again later."),
            431 => ("headers_too_large", "The headers are too large."),
            503 => ("unavailable", "The service cannot do this now; try again later."),
            505 => ("http_version_not_supported", "This version of HTTP is not spoken here."),
            >= 500 => ("internal_error", "Something went wrong in the service; the trace id finds it in the log."),
            _ => ("request_refused", "The request was refused."),
        };
        return new Problem { Status = status, Code = code, Title = title, Detail = detail };
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
        public static partial void Unhandled(ILogger logger, Exception fault, string method, string path);
    }
}
