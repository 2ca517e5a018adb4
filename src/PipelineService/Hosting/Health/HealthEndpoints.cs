using Microsoft.Extensions.Diagnostics.HealthChecks;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Hosting.Health;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: everything it needs is there, with one entry for each check.
/// A stage adds its own: <c>services.AddHealthChecks().AddCheck&lt;SpoolHealthCheck&gt;("spool")</c>.
/// </summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Polls.Health + "/live", GetLivenessAsync)
            .WithName("getLiveness").WithTags(DocumentTags.Service)
            .WithSummary("Whether the process answers")
            .WithDescription("Nothing is checked: that there is an answer is the answer. For what restarts the process.")
            .Produces<HealthAnswer>()
            .ForProbes();
        routes.MapGet(Polls.Health + "/ready", GetReadinessAsync)
            .WithName("getReadiness").WithTags(DocumentTags.Service)
            .WithSummary("Whether everything that the service needs is there")
            .WithDescription("One entry for each check; 503 when one of them fails. For what sends requests here.")
            .Produces<HealthAnswer>()
            .Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable)
            .ForProbes();
    }

    private static Task<IResult> GetLivenessAsync(HttpContext context, HealthCheckService checks) =>
        AnswerAsync(context, checks, static _ => false);

    private static Task<IResult> GetReadinessAsync(HttpContext context, HealthCheckService checks) =>
        AnswerAsync(context, checks, static _ => true);

    private static async Task<IResult> AnswerAsync(
        HttpContext context, HealthCheckService service, Func<HealthCheckRegistration, bool> checks)
    {
        HealthReport report = await service.CheckHealthAsync(checks, context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(
            HealthAnswer.Of(report, isInsider: context.Features.Get<Insider>() is not null),
            PipelineJson.Options,
            statusCode: report.Status == HealthStatus.Unhealthy
                ? StatusCodes.Status503ServiceUnavailable
                : StatusCodes.Status200OK);
    }
}

/// <summary>How the service is, and each of its checks by name.</summary>
public sealed record HealthAnswer(HealthStatus Status, IReadOnlyDictionary<string, CheckAnswer> Checks)
{
    /// <param name="isInsider">Whether it is known who asks: what is wrong is said in words to them alone.</param>
    public static HealthAnswer Of(HealthReport report, bool isInsider) => new(
        report.Status,
        report.Entries.ToDictionary(
            entry => entry.Key, entry => new CheckAnswer(entry.Value.Status, isInsider ? entry.Value.Description : null)));
}

/// <summary>One check.</summary>
/// <param name="Description">What is wrong, for callers with a credential; or null.</param>
public sealed record CheckAnswer(HealthStatus Status, string? Description);
