using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Jobs.Requests;

/// <summary>
/// Loads an upload that was kept once more, under the version of the dataset that is current now: a new job, which takes the
/// place of the one before in the moment in which it succeeds.
/// </summary>
public sealed partial class JobRerun(
    ReplacementCheck check, DatasetCatalog datasets, JobStore store, JobStarter starter, ISpool spool, TimeProvider time,
    ILogger<JobRerun> logger)
{
    /// <returns>The new job, in the queue; or why there is none.</returns>
    /// <exception cref="DatabaseUnavailableException">Nothing was begun; asking again is safe.</exception>
    public async Task<(JobRow? Job, Problem? Problem)> BeginAsync(
        Guid id, Caller caller, AuditActor actor, CancellationToken cancellationToken)
    {
        (JobRow? old, Problem? problem) = await check.FindAsync(id, dataset: null, caller, cancellationToken);
        if (old is null)
        {
            return (null, problem);
        }

        if (!await IsKeptAsync(old, cancellationToken))
        {
            return (null, JobProblems.UploadNotKept(id));
        }

        if (await datasets.FindAsync(old.Dataset, cancellationToken) is not { } dataset)
        {
            return (null, DatasetProblems.NotFound(old.Dataset));
        }

        JobRow job = RowOf(old, dataset, caller);
        using IDisposable? scope = logger.BeginJobScope(job.Dataset, job.Id);
        try
        {
            await store.RegisterAsync(job, EntryOf(job, actor), cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == JobSql.ReplacementRefused)
        {
            return (null, JobProblems.NoLongerReplaceable(id));
        }

        Log.Begun(logger, job.Id, id, dataset.Version);
        starter.TellQueued(job);
        return (job, null);
    }

    private static AuditEntry EntryOf(JobRow job, AuditActor actor)
    {
        var entry = AuditEntry.Of(
            actor, AuditActions.JobRerun, new DateTimeOffset(job.CreatedAt), $"job/{job.Replaces}", job.Dataset,
            ("job", job.Id), ("version", job.DatasetVersion));
        return entry with { Id = job.Id };
    }

    /// <summary>By its row, and by a look at the spool where that is ours.</summary>
    private async Task<bool> IsKeptAsync(JobRow job, CancellationToken cancellationToken) =>
        job.UploadKeptUntil > time.GetDatabaseNow().UtcDateTime
        && (job.Spool != spool.Id || await spool.HoldsAsync(job.Upload, cancellationToken));

    /// <summary>What it is to be loaded under is decided here, once: every attempt reads it.</summary>
    private JobRow RowOf(JobRow old, DatasetVersion dataset, Caller caller)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        return new JobRow
        {
            Id = Guid.CreateVersion7(now),
            Dataset = old.Dataset,
            DatasetVersion = dataset.Version,
            State = JobState.Queued.ToText(),
            Source = old.Source,
            Tenant = old.Tenant,
            KeyId = caller.KeyId,
            ContentType = old.ContentType,
            ContentEncoding = old.ContentEncoding,
            UploadBytes = old.UploadBytes,
            UploadComplete = true,
            UploadSha256 = old.UploadSha256,
            CreatedAt = now.UtcDateTime,
            ReceivedAt = old.ReceivedAt,
            Spool = old.Spool,
            UploadId = old.Upload,
            KeepUpload = dataset.Definition.Load.KeepUpload,
            Replaces = old.Id,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Job {JobId} loads the upload of job {Replaced} again, under version {Version}.")]
        public static partial void Begun(ILogger logger, Guid jobId, Guid replaced, int version);
    }
}
