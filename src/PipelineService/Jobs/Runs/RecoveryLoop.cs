using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Runs the recovery at the start, when an upload could not be registered, and now and then. Jobs are claimed
/// meanwhile: one upload that cannot be recovered keeps no job waiting.
/// </summary>
public sealed partial class RecoveryLoop(
    SpoolRecovery recovery,
    JobClaimer claimer,
    ISpool spool,
    DatabaseReadiness readiness,
    IOptions<JobsOptions> options,
    TimeProvider time,
    ILogger<RecoveryLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            Task missed = recovery.NextMiss;
            bool hasRun = spool.IsThere() && await TryRunAsync(stoppingToken);
            var pause = Task.Delay(hasRun ? options.Value.LeaseTime : options.Value.PollInterval, time, stoppingToken);
            await (hasRun ? Task.WhenAny(missed, pause) : Task.WhenAny(pause));
        }
    }

    private async Task<bool> TryRunAsync(CancellationToken stoppingToken)
    {
        try
        {
            await recovery.RunAsync(stoppingToken);
            return true;
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            Log.NotRecovered(logger, e);
            return false;
        }
        finally
        {
            claimer.Wake(); // for what has become free to be claimed
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error,
            Message = "The spool and the job rows could not be brought into agreement; it is tried again.")]
        public static partial void NotRecovered(ILogger logger, Exception exception);
    }
}
