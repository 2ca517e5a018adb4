using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;
using PipelineService.Transform;
using PipelineService.Write;

namespace PipelineService.Jobs;

/// <summary>
/// Stage 2: runs one job to its end. Attempts are repeated while the database or the spool is away; the data's own faults end
/// the job; a stop hands it back.
/// </summary>
public sealed partial class JobRunner(
    JobStore store,
    JobLoader loader,
    JobHeartbeat heartbeat,
    UploadTakeBack takeBack,
    LiveJobs liveJobs,
    DatasetCatalog datasets,
    JobEnd end,
    IOptions<JobsOptions> options,
    TimeProvider time,
    ILogger<JobRunner> logger)
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(10);

    /// <summary>Runs the job, and disposes of the upload and the reservation at the end.</summary>
    /// <param name="live">The job, claimed by this instance.</param>
    /// <param name="isRegistered">Whether the database has its row; that of an upload still arriving is made here.</param>
    /// <param name="stopping">Cancelled at shutdown.</param>
    public async Task RunAsync(
        LiveJob live, SpoolUpload upload, SessionReservation reservation, bool isRegistered, CancellationToken stopping)
    {
        JobRow job = live.Current;
        using IDisposable? scope = logger.BeginJobScope(job.Dataset, job.Id);
        using Activity? span = PipelineTracing.StartJob(job.Dataset, job.Id, job.Source);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stopping, live.CancelRequested);
        using CancellationTokenSource ended = new();
        Task beating = Task.CompletedTask;
        try
        {
            if (!isRegistered && !await store.RegisterPatientlyAsync(job, lost.Token))
            {
                Log.TakenOver(logger, job.Id);
                return;
            }

            beating = heartbeat.RunAsync(live, lost, ended.Token);
            await RunAttemptsAsync(live, upload, reservation, lost.Token);
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            await StopAsync(live, upload, reservation, stopping);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Nothing is lost: the spool holds the bytes, and the lease runs out.
            Log.Broke(logger, e, job.Id);
        }
        finally
        {
            await ended.CancelAsync();
            await beating;
            span.Tell(live.Current.State, live.Current.JobState == JobState.Failed);
            reservation.Dispose();
            await upload.DisposeAsync();
            liveJobs.Remove(live);
        }
    }

    private async Task RunAttemptsAsync(
        LiveJob live, SpoolUpload upload, SessionReservation reservation, CancellationToken lost)
    {
        bool isSpoolBroken = false;
        for (int failures = 0; ;)
        {
            JobRow job = live.Current;
            try
            {
                if (isSpoolBroken)
                {
                    upload.Reopen();
                }

                DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, lost);
                var format = RecordFormat.Of(live.Kind, dataset.Plan, live.RecordBytesMax);
                await loader.LoadAsync(job, live, dataset.Plan, format, upload, reservation, lost);
                await end.FinishAsync(live, upload, lost);
                return;
            }
            catch (OperationCanceledException) when (lost.IsCancellationRequested)
            {
                throw;
            }
            catch (UploadAbandonedException) when (live.CancelRequested.IsCancellationRequested)
            {
                throw new OperationCanceledException(live.CancelRequested);
            }
            catch (UploadAbandonedException)
            {
                await takeBack.RunAsync(job, CancellationToken.None);
                return;
            }
            catch (JobTakenOverException)
            {
                Log.TakenOver(logger, job.Id);
                return;
            }
            catch (SpoolDamagedException e)
            {
                await end.FailAsync(live, upload, reservation, Faults.SpoolDamaged(e, job.Id), lost, isDamaged: true);
                return;
            }
            catch (Exception e) when (FaultOf(e) is Problem problem)
            {
                await end.FailAsync(live, upload, reservation, problem, lost);
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                failures++;
                string? waitingFor = e is SpoolUnavailableException ? "spool" : SqlFaults.MayPass(e) ? "database" : null;
                if (waitingFor is null && failures >= options.Value.AttemptsMax)
                {
                    Log.Gave(logger, e, job.Id, failures);
                    await end.FailAsync(live, upload, reservation, Faults.Internal(e), lost);
                    return;
                }

                Log.AttemptFailed(logger, e, job.Id, failures);
                isSpoolBroken = e is SpoolUnavailableException;
                await PauseAsync(live, failures, waitingFor, lost);
                if (!await BeginNextAttemptAsync(live, upload, lost))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Fences the failed attempt off, and looks whether it succeeded after all: an answer may have been lost.</summary>
    /// <returns>False when there is nothing left to do.</returns>
    private async Task<bool> BeginNextAttemptAsync(LiveJob live, SpoolUpload upload, CancellationToken lost)
    {
        JobRow before = live.Current;
        JobRow? job = await store.NextEpochAsync(before.Id, before.Epoch, WriteSession.SessionName(before.Id), lost);
        if (job is not null)
        {
            live.Change(row => row with { Epoch = job.Epoch, State = job.State, WaitingFor = null });
            return true;
        }

        job = await store.FindPatientlyAsync(before.Id, lost);
        if (job is not null && job.JobState.IsFinal())
        {
            await end.FinishAsync(live, upload, lost);
        }

        return false;
    }

    /// <summary>
    /// Stopped from outside: somebody cancelled the job, a graceful shutdown hands it back, a lost lease leaves it alone.
    /// </summary>
    private async Task StopAsync(
        LiveJob live, SpoolUpload upload, SessionReservation reservation, CancellationToken stopping)
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
            catch (Exception e) when (e is not OutOfMemoryException)
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
        LiveJob live, SpoolUpload upload, SessionReservation reservation, CancellationToken stopping)
    {
        if (!await BeginNextAttemptAsync(live, upload, stopping))
        {
            return;
        }

        JobRow job = live.Current;
        if (job.JobState == JobState.Committing)
        {
            await RunAttemptsAsync(live, upload, reservation, stopping);
            return;
        }

        await store.EndAsync(job.Id, job.Epoch, JobState.Cancelled, error: null, job.UploadColumns, stopping);
        await end.FinishAsync(live, upload, stopping);
    }

    private async Task PauseAsync(LiveJob live, int failures, string? waitingFor, CancellationToken lost)
    {
        live.Change(row => row with { WaitingFor = waitingFor });
        double pause = Math.Min(PauseMax.TotalSeconds, PauseMin.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 10)));
        await Task.Delay(TimeSpan.FromSeconds(pause * (0.5 + (Random.Shared.NextDouble() / 2))), time, lost);
    }

    /// <summary>The reason for which a job fails at once, or null when another attempt may do.</summary>
    private static Problem? FaultOf(Exception error) => error switch
    {
        JobFaultException fault => fault.Problem,
        RejectLimitException limit => Faults.RejectLimit(limit),
        ChunkTooSlowException e => TargetProblems.TooSlow(e),
        PostgresException e when !SqlFaults.MayPass(e) => TargetProblems.Refused(e),
        _ => null,
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Attempt {Failures} of job {JobId} failed; it is tried again.")]
        public static partial void AttemptFailed(ILogger logger, Exception exception, Guid jobId, int failures);

        [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId} failed {Failures} times and is given up.")]
        public static partial void Gave(ILogger logger, Exception exception, Guid jobId, int failures);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Another attempt has taken over job {JobId}.")]
        public static partial void TakenOver(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId} stopped here; it goes on when its lease has run out.")]
        public static partial void Broke(ILogger logger, Exception exception, Guid jobId);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} was cancelled, but its end could not be written; that is left to the next start.")]
        public static partial void LeftCancelled(ILogger logger, Guid jobId);

    }
}
