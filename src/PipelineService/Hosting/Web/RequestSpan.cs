using Microsoft.AspNetCore.Http.Features;

namespace PipelineService.Hosting.Web;

/// <summary>
/// Names the framework's span of a request by its route, as OpenTelemetry's conventions want it. The framework does not know the
/// route when it starts the span, and the package that would do this (OpenTelemetry.Instrumentation.AspNetCore) is not used.
/// </summary>
internal sealed class RequestSpan(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } span
            && (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText is { } route)
        {
            span.DisplayName = $"{context.Request.Method} {route}";
            span.SetTag("http.route", route);
        }

        return next(context);
    }
}
