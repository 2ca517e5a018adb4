using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Quality;
using PipelineService.Spool;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Formats;
using PipelineService.Transform.Enrichment;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>The attempts of a job, one after the other, until it has come to its end or has to wait for the next.</summary>
[SuppressMessage("Design", "CA1031", Justification = "Whatever ends an attempt is judged, a lack of memory too.")]
public sealed partial class JobAttempts(
    JobLeases leases,
    JobLoader loader,
    AttemptJudge judge,
    UploadTakeBack takeBack,
    DatasetCatalog datasets,
    JobWaits waits,
    JobEnd end,
    ILogger<JobAttempts> logger)
{
    /// <summary>
    /// Ends with the job, or when that has gone back to the queue. The data's own faults end the job; what may pass is waited
    /// for.
    /// </summary>
    /// <param name="lost">Cancelled when the job is to be stopped, or is another's.</param>
    public async Task RunAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, CancellationToken lost)
    {
        while (await FailsAsync(live, upload, reservation, lost) is { } fault)
        {
            if (!await AwaitNextAsync(live, upload, reservation, fault, lost))
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
        RowPlan? plan = null;
        try
        {
            DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, lost);
            plan = dataset.Plan;
            using IDisposable? quiet = StatementSpans.Suppress(!plan.Hidden.IsEmpty);
            var format = RecordFormat.Of(live.Kind, plan, live.RecordBytesMax, live.Codings.OfText);
            await loader.LoadAsync(job, live, plan, format, upload, reservation, lost);
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
            return plan is null ? e : RefusalText.Veil(e, plan);
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
    private async Task<bool> AwaitNextAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, Exception fault, CancellationToken lost)
    {
        var breach = fault as QualityBreachException;
        if (breach is { Action: BreachAction.Hold })
        {
            reservation.Dispose();
            Log.Held(logger, live.Id);
            await waits.HoldAsync(live, upload, breach.Quality, lost);
            return false;
        }

        Verdict verdict = judge.Of(fault, live.Current, live.BytesReached);
        TimeSpan pause = verdict.Pause ?? reservation.LetTableRest();
        if (verdict.End is { } reason)
        {
            if (fault is not (JobFaultException or RejectLimitException or QualityBreachException))
            {
                Log.Ends(logger, fault, live.Id, reason.Code); // where the data is at fault, the end says all there is to say
            }

            await end.FailAsync(live, upload, reservation, reason, lost, quality: breach?.Quality);
            return false;
        }

        if (fault is not (LookupAwaitedException or ConversionAwaitedException or EnrichmentAwaitedException))
        {
            Log.AttemptFailed(logger, fault, live.Id, verdict.Job.WaitingFor ?? "another try", pause);
        }
        else if (live.Current.WaitingFor != verdict.Job.WaitingFor)
        {
            Log.LookupAwaited(logger, live.Id, fault.Message); // nothing is wrong, and it may be for long
        }

        live.Change(row => row with
        {
            WaitingFor = verdict.Job.WaitingFor,
            Tries = verdict.Job.Tries,
            TriedBytes = verdict.Job.TriedBytes,
            WaitingSince = verdict.Job.WaitingSince,
        });
        if (verdict.KeepsSessions)
        {
            return await BeginNextAsync(live, upload, lost);
        }

        reservation.Dispose();
        if (await waits.HasSessionsAgainAsync(upload, reservation, pause, lost))
        {
            return await BeginNextAsync(live, upload, lost);
        }

        await (upload.IsAbandoned ? TakeBackAsync(live) : waits.PostponeAsync(live, upload, pause, lost));
        return false;
    }

    /// <summary>Fences the failed attempt off, and looks whether it succeeded after all: an answer may have been lost.</summary>
    /// <returns>False when there is nothing left to do.</returns>
    public async Task<bool> BeginNextAsync(LiveJob live, SpoolReader upload, CancellationToken lost)
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

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "An attempt of job {JobId} failed; it waits for {WaitingFor}, "
                + "and is tried again in {Pause} at the earliest.")]
        public static partial void AttemptFailed(
            ILogger logger, Exception exception, Guid jobId, string waitingFor, TimeSpan pause);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} is held, and nothing of it is loaded, until somebody approves or rejects it.")]
        public static partial void Held(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} waits: {Reason}")]
        public static partial void LookupAwaited(ILogger logger, Guid jobId, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} ends with {Code}: trying again would not help.")]
        public static partial void Ends(ILogger logger, Exception exception, Guid jobId, string code);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Another attempt has taken over job {JobId}.")]
        public static partial void TakenOver(ILogger logger, Guid jobId);
    }
}
