using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Instances;
using PipelineService.Spool;
using PipelineService.Spool.Formats;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Stage 2: runs one job to its end, or until it has to wait: then it gives its sessions back, and goes back to the queue. The
/// data's own faults end the job; a stop hands it back.
/// </summary>
[SuppressMessage("Design", "CA1031", Justification = "Whatever ends an attempt is judged or told, a lack of memory too.")]
public sealed partial class JobRunner(
    JobStore store,
    JobLeases leases,
    JobEndings endings,
    JobLoader loader,
    InstanceBeat beat,
    AttemptJudge judge,
    UploadTakeBack takeBack,
    LiveJobs liveJobs,
    DatasetCatalog datasets,
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
                await RunAttemptsAsync(live, upload, reservation, lost.Token);
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
        bool isOurs = await store.RegisterPatientlyAsync(job, lost);
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
        if (isUnknown && !await BeginNextAttemptAsync(live, upload, lost))
        {
            return false;
        }

        if (reservation.Count == 0)
        {
            await waits.PostponeAsync(live, upload, TimeSpan.Zero, lost);
        }

        return reservation.Count > 0;
    }

    private async Task RunAttemptsAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, CancellationToken lost)
    {
        while (await FailsAsync(live, upload, reservation, lost) is { } fault)
        {
            if (!await AwaitNextAttemptAsync(live, upload, reservation, fault, lost))
            {
                return;
            }
        }
    }

    /// <summary>One attempt.</summary>
    /// <returns>Why it failed, or null when the job has come to its end.</returns>
    private async Task<Exception?> FailsAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, CancellationToken lost)
    {
        JobRow job = live.Current;
        try
        {
            DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, lost);
            var format = RecordFormat.Of(live.Kind, dataset.Plan, live.RecordBytesMax);
            await loader.LoadAsync(job, live, dataset.Plan, format, upload, reservation, lost);
            await end.FinishAsync(live, upload, lost);
            return null;
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            throw;
        }
        catch (UploadAbandonedException)
        {
            await TakeBackAsync(live);
            return null;
        }
        catch (JobTakenOverException)
        {
            Log.TakenOver(logger, job.Id);
            return null;
        }
        catch (SpoolDamagedException e)
        {
            await end.FailAsync(live, upload, reservation, Faults.SpoolDamaged(e, job.Upload), lost, isDamaged: true);
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private async Task TakeBackAsync(LiveJob live)
    {
        live.CancelRequested.ThrowIfCancellationRequested();
        await takeBack.RunAsync(live.Current, CancellationToken.None);
    }

    /// <summary>
    /// Ends a job that tries cannot help. Another gives its sessions back, and waits in the queue; one whose upload still arrives
    /// waits here, because here are its bytes.
    /// </summary>
    /// <returns>Whether the next attempt has begun.</returns>
    private async Task<bool> AwaitNextAttemptAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, Exception fault, CancellationToken lost)
    {
        Verdict verdict = judge.Of(fault, live.Current, live.BytesReached);
        TimeSpan pause = verdict.Pause ?? reservation.LetTableRest();
        if (verdict.End is { } reason)
        {
            if (fault is not (JobFaultException or RejectLimitException))
            {
                Log.Ends(logger, fault, live.Id, reason.Code); // where the data is at fault, the end says all there is to say
            }

            await end.FailAsync(live, upload, reservation, reason, lost);
            return false;
        }

        Log.AttemptFailed(logger, fault, live.Id, verdict.Job.WaitingFor ?? "another try", pause);
        live.Change(row => row with
        {
            WaitingFor = verdict.Job.WaitingFor,
            Tries = verdict.Job.Tries,
            TriedBytes = verdict.Job.TriedBytes,
            WaitingSince = verdict.Job.WaitingSince,
        });
        if (verdict.KeepsSessions)
        {
            return await BeginNextAttemptAsync(live, upload, lost);
        }

        reservation.Dispose();
        if (await waits.HasSessionsAgainAsync(upload, reservation, pause, lost))
        {
            return await BeginNextAttemptAsync(live, upload, lost);
        }

        await (upload.IsAbandoned ? TakeBackAsync(live) : waits.PostponeAsync(live, upload, pause, lost));
        return false;
    }

    /// <summary>Fences the failed attempt off, and looks whether it succeeded after all: an answer may have been lost.</summary>
    /// <returns>False when there is nothing left to do.</returns>
    private async Task<bool> BeginNextAttemptAsync(LiveJob live, SpoolReader upload, CancellationToken lost)
    {
        JobRow before = live.Current;
        JobRow? job = await leases.NextEpochAsync(before.Id, before.Epoch, WriteSession.SessionName(before.Id), lost);
        if (job is not null)
        {
            live.Change(row => row with { Epoch = job.Epoch, State = job.State });
            return true;
        }

        await end.FinishIfFinalAsync(live, upload, lost);
        return false;
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
        if (!await BeginNextAttemptAsync(live, upload, stopping))
        {
            return;
        }

        JobRow job = live.Current;
        if (job.JobState == JobState.Committing)
        {
            // It may have been waiting, without sessions.
            await (reservation.Count > 0 || reservation.TryTakeAgain()
                ? RunAttemptsAsync(live, upload, reservation, stopping)
                : waits.PostponeAsync(live, upload, TimeSpan.Zero, stopping));
            return;
        }

        await endings.EndAsync(job.Id, job.Epoch, JobState.Cancelled, error: null, job.UploadColumns, stopping);
        await end.FinishAsync(live, upload, stopping);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "An attempt of job {JobId} failed; it waits for {WaitingFor}, and is tried again in {Pause} at the earliest.")]
        public static partial void AttemptFailed(ILogger logger, Exception exception, Guid jobId, string waitingFor, TimeSpan pause);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} ends with {Code}: trying again would not help.")]
        public static partial void Ends(ILogger logger, Exception exception, Guid jobId, string code);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Another attempt has taken over job {JobId}.")]
        public static partial void TakenOver(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId} stopped here; it can be claimed again in a while.")]
        public static partial void Broke(ILogger logger, Exception exception, Guid jobId);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} was cancelled, but its end could not be written; that is left to the next start.")]
        public static partial void LeftCancelled(ILogger logger, Guid jobId);
    }
}
