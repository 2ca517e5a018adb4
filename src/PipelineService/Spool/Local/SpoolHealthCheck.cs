using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PipelineService.Spool.Local;

/// <summary>Whether the spool can take another upload: it can be written, and it has room.</summary>
public sealed class SpoolHealthCheck(SpoolDirectory spool, SpoolProbe probe) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (await probe.FindFaultAsync(cancellationToken) is string fault)
        {
            return HealthCheckResult.Unhealthy($"The spool cannot be written: uploads are refused, and jobs wait. {fault}");
        }

        Dictionary<string, object> data = new() { ["usedBytes"] = spool.Bytes, ["freeBytes"] = spool.FreeBytes() };
        return spool.HasRoomFor(1)
            ? HealthCheckResult.Healthy("The spool has room.", data)
            : HealthCheckResult.Unhealthy("The spool is full: uploads are refused with 507.", data: data);
    }
}
