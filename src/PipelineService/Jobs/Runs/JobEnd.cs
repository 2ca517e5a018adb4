using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Quality;
using PipelineService.Spool;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// The ways in which a run of a job comes to its end, and what becomes of its row, its upload and its sender then.
/// </summary>
public sealed partial class JobEnd(
    JobStore store,
    JobLeases leases,
    JobEndings endings,
    UploadTakeBack takeBack,
    ISpool spool,
    UploadRelease uploads,
    PipelineMetrics metrics,
    JobEndReport report,
    JobFlow flow,
    LookupCleaner versions,
    TimeProvider time,
    ILogger<JobEnd> logger)
{
    private static readonly TimeSpan TakeBackPatience = TimeSpan.FromSeconds(5);

    /// <summary>The job is final: its row is read once more for what the commit wrote, and its upload goes.</summary>
    public async Task FinishAsync(LiveJob live, SpoolReader upload, CancellationToken cancellationToken)
    {
        DateTime visible = time.GetUtcNow().UtcDateTime;
        JobRow? job = await store.FindPatientlyAsync(live.Id, cancellationToken);
        if (job is null || !job.JobState.IsFinal())
        {
            throw new InvalidOperationException($"Job {live.Id} has committed, but its row says {job?.State ?? "nothing"}.");
        }

        await CompleteAsync(live, upload, job, live.Tally, visible);
    }

    /// <summary>The job was ended with the commit that has just been answered.</summary>
    /// <param name="job">Its row.</param>
    /// <param name="tally">What its attempt has made of records, if that was not told yet.</param>
    public Task CompleteAsync(LiveJob live, SpoolReader upload, JobRow job, RecordTally? tally) =>
        CompleteAsync(live, upload, job, tally, time.GetUtcNow().UtcDateTime);

    private async Task CompleteAsync(LiveJob live, SpoolReader upload, JobRow job, RecordTally? tally, DateTime visible)
    {
        if (upload.IsSealed)
        {
            await uploads.ReleaseAsync(job);
        }

        // Before its sender is answered: whoever looks then finds it told.
        report.Tell(job, tally);
        if (job.JobState is JobState.Succeeded or JobState.PartiallySucceeded)
        {
            metrics.RowsVisible(job.Dataset, (visible - job.ReceivedAt) ?? TimeSpan.Zero);
        }

        live.Change(_ => job);
        flow.Move();
        if (live.ReplacesAll || job.Pins is not null)
        {
            versions.Wake();
        }
    }

    /// <summary>The job may be final although nobody here was told: the answer was lost.</summary>
    public async Task FinishIfFinalAsync(LiveJob live, SpoolReader upload, CancellationToken cancellationToken)
    {
        if (await store.FindPatientlyAsync(live.Id, cancellationToken) is { } job && job.JobState.IsFinal())
        {
            await FinishAsync(live, upload, cancellationToken);
        }
    }

    /// <summary>
    /// The job has failed. It may still be receiving: its sender is answered when the whole body has come, then the job
    /// ends. What nobody will read is not kept until then.
    /// </summary>
    /// <param name="isDamaged">Whether what is in the spool is worth an operator's look.</param>
    /// <param name="quality">Of one that fails for what its rows are like.</param>
    public async Task FailAsync(
        LiveJob live, SpoolReader upload, SessionReservation reservation, Problem problem, CancellationToken cancellationToken,
        bool isDamaged = false, JobQuality? quality = null)
    {
        // Until then it shows why, and its sessions are others'.
        reservation.Dispose();
        if (!isDamaged && live.Current.KeepUpload is null)
        {
            upload.Growth.Fail(problem);
        }

        live.Change(row => row with { Error = Faults.ToJson(problem) });
        while (!upload.IsSealed && !upload.IsAbandoned)
        {
            Task next = upload.NextChange;
            if (!upload.IsSealed && !upload.IsAbandoned)
            {
                await next.WaitAsync(cancellationToken);
            }
        }

        JobRow job = live.Current;
        if (upload.IsAbandoned)
        {
            await takeBack.RunAsync(job, CancellationToken.None);
            return;
        }

        if (isDamaged)
        {
            // First: it outlives the job's end, whenever this process may die.
            await spool.SetAsideAsync(job.Upload, time.GetUtcNow());
        }

        // The row may not know yet that the upload is complete: what the end says must be true of the whole upload.
        if (job.UploadId is null)
        {
            await store.RegisterPatientlyAsync(
                store.RowOf(upload.Manifest, spool.Id, JobState.Running, isOurs: true),
                UploadEntry.Of(upload.Manifest),
                cancellationToken);
        }

        await endings.EndAsync(
            job.Id, job.Epoch, Faults.StateOf(problem), Faults.ToJson(problem), job.UploadColumns, cancellationToken, quality);
        await FinishAsync(live, upload, cancellationToken);
    }

    /// <summary>A graceful shutdown: the job goes on at the next start, and an upload that still arrived is taken back.</summary>
    public async Task HandBackAsync(JobRow job, SpoolReader upload)
    {
        try
        {
            if (upload.IsSealed)
            {
                await leases.HandBackAsync(job.Id, job.Epoch, CancellationToken.None);
                Log.HandedBack(logger, job.Id);
            }
            else
            {
                await takeBack.RunAsync(job, CancellationToken.None).WaitAsync(TakeBackPatience, time, CancellationToken.None);
            }
        }
        catch (Exception e) when (SqlFaults.MayPass(e))
        {
            Log.NotHandedBack(logger, job.Id, e.Message); // the lease runs out by itself
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} is handed back: it goes on at the next start.")]
        public static partial void HandedBack(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} could not be handed back: {Reason}")]
        public static partial void NotHandedBack(ILogger logger, Guid jobId, string reason);
    }
}
