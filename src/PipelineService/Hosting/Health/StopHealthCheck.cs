using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PipelineService.Hosting.Health;

/// <summary>The service has not been told to stop: whoever balances requests sends them elsewhere from then on.</summary>
internal sealed class StopHealthCheck(ServiceLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(lifetime.IsStopping
            ? HealthCheckResult.Unhealthy("It was told to stop, and refuses connections soon.")
            : HealthCheckResult.Healthy());
}
