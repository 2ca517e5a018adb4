using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Instances;
using PipelineService.Spool;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Stage 2: runs one job to its end, or until it has to wait: then it gives its sessions back, and goes back to the queue. The
/// data's own faults end the job; a stop hands it back.
/// </summary>
[SuppressMessage("Design", "CA1031", Justification = "Whatever ends a run is told, a lack of memory too.")]
public sealed partial class JobRunner(
    JobStore store,
    JobAttempts attempts,
    JobEndings endings,
    InstanceBeat beat,
    LiveJobs liveJobs,
    JobWaits waits,
    JobEnd end,
    ILogger<JobRunner> logger)
{
    /// <summary>Runs the job, and disposes of the upload and the reservation at the end. Never throws.</summary>
    /// <param name="live">The job, claimed by this instance.</param>
    /// <param name="isRegistered">Whether the database has its row; that of an upload still arriving is made here.</param>
    /// <param name="stopping">Cancelled at shutdown.</param>
    public async Task RunAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, bool isRegistered, CancellationToken stopping)
    {
        JobRow job = live.Current;
        using Activity span = PipelineTracing.StartJob(job.Dataset, job.Id, job.Source, live.Request);
        await RunAsync(
            live, upload, reservation, span, lost => isRegistered ? Task.FromResult(true) : RegisterAsync(job, lost), stopping);
    }

    /// <summary>
    /// The same for a job that was to be loaded together with others and was not. Without a session it goes to the queue.
    /// </summary>
    /// <param name="isUnknown">Whether it may be loaded after all: the answer to the commit was lost.</param>
    /// <param name="span">The span of the job.</param>
    public Task RunApartAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, bool isUnknown, Activity span,
        CancellationToken stopping) => RunAsync(
            live, upload, reservation, span, lost => BeginsApartAsync(live, upload, reservation, isUnknown, lost), stopping);

    /// <param name="begins">Called first; says whether there is something to load.</param>
    private async Task RunAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, Activity span,
        Func<CancellationToken, Task<bool>> begins, CancellationToken stopping)
    {
        JobRow job = live.Current;
        using IDisposable? scope = logger.BeginJobScope(job.Dataset, job.Id);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stopping, live.CancelRequested);
        try
        {
            if (await begins(lost.Token))
            {
                using IDisposable following = beat.Follow(live, lost);
                await attempts.RunAsync(live, upload, reservation, lost.Token);
            }
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            await StopAsync(live, upload, reservation, stopping);
        }
        catch (Exception e)
        {
            // Nothing is lost: the spool holds the bytes, and what nobody runs is let go.
            Log.Broke(logger, e, job.Id);
        }
        finally
        {
            reservation.Dispose();
            span.Tell(live.Current.State, live.Current.JobState == JobState.Failed);
            await upload.DisposeAsync();
            liveJobs.Remove(live);
        }
    }

    private async Task<bool> RegisterAsync(JobRow job, CancellationToken lost)
    {
        bool isOurs = await store.RegisterPatientlyAsync(job, entry: null, lost);
        if (!isOurs)
        {
            Log.TakenOver(logger, job.Id);
        }

        return isOurs;
    }

    private async Task<bool> BeginsApartAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, bool isUnknown, CancellationToken lost)
    {
        lost.ThrowIfCancellationRequested();
        if (isUnknown && !await attempts.BeginNextAsync(live, upload, lost))
        {
            return false;
        }

        if (reservation.Count == 0)
        {
            await waits.PostponeAsync(live, upload, TimeSpan.Zero, lost);
        }

        return reservation.Count > 0;
    }

    /// <summary>
    /// Stopped from outside: somebody cancelled the job, a graceful shutdown hands it back, a lost lease leaves it alone.
    /// </summary>
    private async Task StopAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, CancellationToken stopping)
    {
        if (live.CancelRequested.IsCancellationRequested)
        {
            try
            {
                await CancelAsync(live, upload, reservation, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // It waited for the database: whoever takes the job up next reads in its row that it is to end.
                Log.LeftCancelled(logger, live.Id);
            }
            catch (Exception e)
            {
                Log.Broke(logger, e, live.Id);
            }

            return;
        }

        if (stopping.IsCancellationRequested)
        {
            await end.HandBackAsync(live.Current, upload);
        }
    }

    /// <summary>
    /// Ends a job on somebody's wish. A commit may have been under way: then it is final already, or goes forward, because
    /// one of its sessions has committed.
    /// </summary>
    private async Task CancelAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, CancellationToken stopping)
    {
        if (!await attempts.BeginNextAsync(live, upload, stopping))
        {
            return;
        }

        JobRow job = live.Current;
        if (job.JobState == JobState.Committing)
        {
            // It may have been waiting, without sessions.
            await (reservation.Count > 0 || reservation.TryTakeAgain()
                ? attempts.RunAsync(live, upload, reservation, stopping)
                : waits.PostponeAsync(live, upload, TimeSpan.Zero, stopping));
            return;
        }

        await endings.EndAsync(job.Id, job.Epoch, JobState.Cancelled, error: null, job.UploadColumns, stopping);
        await end.FinishAsync(live, upload, stopping);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Another attempt has taken over job {JobId}.")]
        public static partial void TakenOver(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId} stopped here; it can be claimed again in a while.")]
        public static partial void Broke(ILogger logger, Exception exception, Guid jobId);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} was cancelled, but its end could not be written; that is left to the next start.")]
        public static partial void LeftCancelled(ILogger logger, Guid jobId);
    }
}
