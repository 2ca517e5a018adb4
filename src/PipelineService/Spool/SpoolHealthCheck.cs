using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PipelineService.Spool;

/// <summary>Whether the spool can take another upload.</summary>
public sealed class SpoolHealthCheck(SpoolDirectory spool) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        Dictionary<string, object> data = new() { ["usedBytes"] = spool.Bytes, ["freeBytes"] = spool.FreeBytes() };
        return Task.FromResult(spool.HasRoomFor(1)
            ? HealthCheckResult.Healthy("The spool has room.", data)
            : HealthCheckResult.Unhealthy("The spool is full: uploads are refused with 507.", data: data));
    }
}
