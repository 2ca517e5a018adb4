using Microsoft.Extensions.Diagnostics.HealthChecks;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>
/// Whether jobs get on. Jobs that wait while none does are no reason to send uploads elsewhere: they are taken, and other
/// instances would find the same tables and the same database. So the service stays ready, and says that it is degraded.
/// </summary>
public sealed class JobsHealthCheck(JobFlow flow, JobQueue queue, ISpool spool) : IHealthCheck
{
    /// <summary>How long jobs may wait while none gets on: longer than a chunk or a lock takes where nothing is wrong.</summary>
    public static readonly TimeSpan StillMax = TimeSpan.FromMinutes(1);

    private const int CountMax = 1_000;

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (flow.Still <= StillMax)
        {
            return HealthCheckResult.Healthy();
        }

        try
        {
            long waiting = await queue.CountWaitingAsync(spool.Id, StillMax, CountMax, cancellationToken);
            return waiting == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded(
                    $"{(waiting == CountMax ? "At least " : "")}{waiting} jobs wait, "
                    + $"and none has got on for {flow.Still.TotalSeconds:0} s. Their waitingFor says what for.");
        }
        catch (DatabaseUnavailableException)
        {
            return HealthCheckResult.Healthy("The jobs wait for the database.");
        }
    }
}
