namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// Requests of probes and scrapes. They come every few seconds, say nothing about what the service is for, and would bury what
/// does: in the log, in the traces and in the durations of requests.
/// </summary>
internal static class Polls
{
    public const string Health = "/health";
    public const string Metrics = "/metrics";

    public static bool Are(HttpContext context) =>
        context.Request.Path.StartsWithSegments(Health, StringComparison.Ordinal)
        || context.Request.Path.StartsWithSegments(Metrics, StringComparison.Ordinal);
}
