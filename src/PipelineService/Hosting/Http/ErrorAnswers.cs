using System.Text.Json;
using System.Text.RegularExpressions;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Hosting.Http;

/// <summary>
/// Every error leaves as a <see cref="Problem"/>: exceptions that nobody answered, and the bare status codes of routing. One
/// middleware for both, so that there is one table of codes.
/// </summary>
internal sealed partial class ErrorAnswers(RequestDelegate next, AddressAdvice advice, ILogger<ErrorAnswers> logger)
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
                await DescribeBare(context).ToResult().ExecuteAsync(context);
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

    private Problem DescribeBare(HttpContext context) => Describe(context.Response.StatusCode, context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => advice.ForUnknown(context.Request),
        StatusCodes.Status405MethodNotAllowed =>
            AddressAdvice.ForMethod(context.Request, context.Response.Headers.Allow.ToString()),
        _ => null,
    });

    private static Problem Describe(Exception fault, HttpResponse response)
    {
        response.Clear();
        switch (fault)
        {
            case DatabaseUnavailableException unavailable:
                return unavailable.ToProblem();

            // What the framework says here is about the request, and written for the client.
            case BadHttpRequestException { InnerException: JsonException json }:
                return Describe(StatusCodes.Status400BadRequest, json.Message);
            case BadHttpRequestException refused when UnboundParameter().Match(refused.Message) is { Success: true } bound:
                return Problem.MalformedQuery(new Dictionary<string, string[]>
                {
                    [$"/{bound.Groups["name"].Value}"] =
                        [$"'{Excerpt.Of(bound.Groups["value"].Value)}' is not {FormOf(bound.Groups["type"].Value)}."],
                });
            case BadHttpRequestException refused:
                return Describe(refused.StatusCode, refused.Message);
            default:
                return Describe(StatusCodes.Status500InternalServerError, null);
        }
    }

    /// <summary>The problem that goes with a bare status.</summary>
    /// <param name="detail">What is known of this request; null takes what can be said of all.</param>
    internal static Problem Describe(int status, string? detail)
    {
        (string code, string title, string usual) = status switch
        {
            400 => ("malformed_request", "The request is malformed.", "It is not HTTP as it should be written."),
            401 => ("unauthorized", "The request needs credentials.", "Send them in the header Authorization."),
            403 => ("forbidden", "These credentials do not allow this.", "Ask whoever gave them to you."),
            404 => ("not_found", "There is nothing at this address.", "Every call is described in /openapi/v1.json."),
            405 => ("method_not_allowed", "This address does not take this method; see the Allow header.", "Use one of those."),
            406 => ("not_acceptable", "The answer cannot be given in the form that was asked for.", "Leave Accept out."),
            408 => ("request_timeout", "The request arrived too slowly.", "Send it again, on a connection that is faster."),
            411 => ("length_required", "The request needs a Content-Length.", "Send it, or Transfer-Encoding: chunked."),
            413 => ("body_too_large", "The body is larger than this address takes.", "Send less in one request."),
            414 => ("uri_too_long", "The address is too long.", "With its query it has at most 8 KiB."),
            415 => ("unsupported_media_type", "The body has a type that this address does not take.", "Look at its Content-Type."),
            429 => ("too_many_requests", "Too many requests; try again later.", "Wait as long as Retry-After says."),
            431 => ("headers_too_large", "The headers are too large.", "There are at most 100, with 32 KiB together."),
            503 => ("unavailable", "The service cannot do this now; try again later.", "Wait as long as Retry-After says."),
            505 => ("http_version_not_supported", "This version of HTTP is not spoken here.", "Speak HTTP/1.1 or HTTP/2."),
            >= 500 => ("internal_error", "Something went wrong in the service; the trace id finds it in the log.",
                "Send it again; if it fails again, give the operator the trace id."),
            _ => ("request_refused", "The request was refused.", "The status says why."),
        };
        return new Problem { Status = status, Code = code, Title = title, Detail = string.IsNullOrEmpty(detail) ? usual : detail };
    }

    private static string FormOf(string type) => type switch
    {
        "int" or "long" => "a whole number that is taken here",
        "bool" => "true or false",
        "Guid" => "a UUID",
        "DateTimeOffset" or "DateTime" => "a time, such as 2026-03-01T06:00:00Z",
        _ => "a value that is taken here",
    };

    /// <summary>What the framework says of a parameter whose text it cannot read, in the words of a C# programmer.</summary>
    [GeneratedRegex(
        """^Failed to bind parameter "(Nullable<)?(?<type>\w+)>? (?<name>\w+)" from "(?<value>.*)"\.$""",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex UnboundParameter();

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
        public static partial void Unhandled(ILogger logger, Exception fault, string method, string path);
    }
}
