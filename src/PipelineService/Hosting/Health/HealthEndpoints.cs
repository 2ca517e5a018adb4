using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Hosting.Health;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: everything it needs is there, with one entry for each check.
/// A stage adds its own: <c>services.AddHealthChecks().AddCheck&lt;SpoolHealthCheck&gt;("spool")</c>.
/// </summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks(Polls.Health + "/live", Answer(_ => false)).DisableHttpMetrics();
        app.MapHealthChecks(Polls.Health + "/ready", Answer(_ => true)).DisableHttpMetrics();
    }

    private static HealthCheckOptions Answer(Func<HealthCheckRegistration, bool> checks) =>
        new() { Predicate = checks, ResponseWriter = WriteAsync };

    private static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(
        new HealthAnswer(
            report.Status,
            report.Entries.ToDictionary(
                entry => entry.Key,
                entry => new CheckAnswer(entry.Value.Status, entry.Value.Description))),
        PipelineJson.Options,
        context.RequestAborted);

    private sealed record HealthAnswer(HealthStatus Status, IReadOnlyDictionary<string, CheckAnswer> Checks);

    private sealed record CheckAnswer(HealthStatus Status, string? Description);
}
