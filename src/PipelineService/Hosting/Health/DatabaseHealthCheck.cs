using Microsoft.Extensions.Diagnostics.HealthChecks;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Hosting.Health;

/// <summary>The database answers. Asked as a request would, so that it does not hammer a server behind an open circuit.</summary>
internal sealed class DatabaseHealthCheck(Database database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await database.RunAsync(DatabasePool.PingAsync, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (DatabaseUnavailableException fault)
        {
            return HealthCheckResult.Unhealthy(fault.Message);
        }
    }
}

/// <summary>The circuit breaker lets work through.</summary>
internal sealed class CircuitHealthCheck(Database database) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(database.Circuit.IsClosed
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("Open: the database failed repeatedly and is tried again from time to time."));
}
