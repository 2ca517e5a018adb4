using PipelineService.Core.Jobs;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Instances;
using PipelineService.Spool;
using PipelineService.Spool.Local;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Sees to it that no job stays with somebody who does not run it: those of instances that have died can be claimed, those that
/// this instance has lost sight of too, and uploads that broke off with their instance are taken back.
/// </summary>
public sealed partial class JobRescuer(
    InstanceLeases instances, JobLeases leases, SpoolRecovery recovery, ISpool spool, SpoolDirectory directory, LiveJobs liveJobs, UploadTakeBack takeBack,
    ILogger<JobRescuer> logger)
{
    /// <summary>Jobs that nobody ran when it was looked last.</summary>
    private HashSet<OwnedJob> _unfollowed = [];

    /// <summary>One look, each lease time: what nobody runs in two looks is let go.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // The jobs of instances that died with this directory open need not wait for their leases to run out.
        if (directory.SweepDeadInstances() is { Count: > 0 } dead)
        {
            recovery.LookAgain(); // one may have died between an upload's manifest and its row
            await instances.EndAsync([.. dead], cancellationToken);
        }

        await LetGoAsync(cancellationToken);
        foreach (JobRow row in await leases.DeadReceivingAsync(spool.Id, cancellationToken))
        {
            await TakeBackAsync(row, cancellationToken);
        }

        await instances.ForgetEndedAsync(cancellationToken);
    }

    /// <summary>
    /// The answer to a claim was lost, or a run broke: its row says that it is run here, and so nobody else takes it up. The
    /// same where the row of its owner has been deleted by hand.
    /// </summary>
    private async Task LetGoAsync(CancellationToken cancellationToken)
    {
        HashSet<OwnedJob> unfollowed = [];
        foreach (OwnedJob job in await instances.FindUnfollowedAsync(cancellationToken))
        {
            if (liveJobs.Find(job.Id) is { Run.IsCompleted: false })
            {
                continue;
            }

            if (_unfollowed.Contains(job))
            {
                Log.LetGo(logger, job.Id);
                await instances.LetGoAsync(job, cancellationToken);
            }
            else
            {
                unfollowed.Add(job); // it may have been claimed just now
            }
        }

        _unfollowed = unfollowed;
    }

    private async Task TakeBackAsync(JobRow row, CancellationToken cancellationToken)
    {
        using IDisposable? scope = logger.BeginJobScope(row.Dataset, row.Id);
        try
        {
            if (liveJobs.Find(row.Id) is not null)
            {
                return;
            }

            if (await spool.FindAsync(row.Id, cancellationToken) is null)
            {
                await takeBack.RunAsync(row, cancellationToken);
            }
            else
            {
                await recovery.ReconcileAsync(row.Id, JobState.Receiving, cancellationToken);
            }
        }
        catch (SpoolDamagedException e)
        {
            await recovery.FailDamagedAsync(row.Id, e, cancellationToken);
        }
        catch (SpoolNewerException)
        {
            // It is whole, and whoever can read it completes its row.
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            Log.NotTakenBack(logger, e, row.Id); // tried again with the next look; others need not wait for it
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} was to be run, and is not: it can be claimed again.")]
        public static partial void LetGo(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "What the broken upload of job {JobId} has left could not be removed; it is tried again.")]
        public static partial void NotTakenBack(ILogger logger, Exception exception, Guid jobId);
    }
}
