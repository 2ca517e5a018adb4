using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PipelineService.Sources;

/// <summary>
/// Whether the sources that this instance looks after can be looked at. One that cannot is no reason to send uploads elsewhere: the service
/// stays ready, and says that it is degraded.
/// </summary>
internal sealed class SourcesHealthCheck(SourceMetrics metrics) : IHealthCheck
{
    private const int ShownMax = 10;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        IReadOnlyCollection<KeyValuePair<string, string>> failing = metrics.Failing;
        string names = string.Join(", ", failing.Select(source => source.Key).Order(StringComparer.Ordinal).Take(ShownMax));
        return Task.FromResult(failing.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"{failing.Count} sources cannot be looked at: {names}. GET /v1/sources says why."));
    }
}
