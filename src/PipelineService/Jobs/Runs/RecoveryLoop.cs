using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;
using PipelineService.Spool.Local;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Rescues jobs each lease time, and looks the spool through at the start, when an upload could not be registered, and after
/// whatever else may have left it and the rows at odds: an outage, the death of an instance, files that somebody has put back.
/// Jobs are claimed meanwhile: one upload that cannot be recovered keeps no job waiting.
/// </summary>
public sealed partial class RecoveryLoop(
    SpoolRecovery recovery,
    JobRescuer rescuer,
    JobClaimer claimer,
    ISpool spool,
    SpoolDirectory directory,
    Database database,
    IOptions<JobsOptions> options,
    TimeProvider time,
    ILogger<RecoveryLoop> logger) : BackgroundService
{
    private int _outages;
    private int _damaged;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await database.Readiness.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            Task missed = recovery.NextMiss;
            bool hasRun = await TryRunAsync(stoppingToken);
            var pause = Task.Delay(hasRun ? options.Value.LeaseTime : options.Value.PollInterval, time, stoppingToken);
            await (hasRun ? Task.WhenAny(missed, pause) : Task.WhenAny(pause));
        }
    }

    private async Task<bool> TryRunAsync(CancellationToken stoppingToken)
    {
        if (!spool.IsThere())
        {
            recovery.LookAgain();
            return false;
        }

        try
        {
            NoteWhatHasHappened();
            await rescuer.RunAsync(stoppingToken);
            if (recovery.IsDue)
            {
                await recovery.RunAsync(stoppingToken);
            }

            return true;
        }
        catch (DatabaseUnavailableException)
        {
            return false; // the circuit has told of it
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

    private void NoteWhatHasHappened()
    {
        (int outages, int damaged) = (database.Circuit.Outages, directory.DamagedFiles);
        if (outages != _outages || damaged < _damaged)
        {
            recovery.LookAgain();
        }

        (_outages, _damaged) = (outages, damaged);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error,
            Message = "The spool and the job rows could not be brought into agreement; it is tried again.")]
        public static partial void NotRecovered(ILogger logger, Exception exception);
    }
}
