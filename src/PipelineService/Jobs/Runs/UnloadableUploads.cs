using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Requests;
using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// What becomes of uploads that were found in the spool and cannot have the row that they were taken for: the database has
/// changed since.
/// </summary>
public sealed partial class UnloadableUploads(
    JobStore store, ISpool spool, LiveJobs liveJobs, JobEndReport report, ILogger<UnloadableUploads> logger)
{
    /// <summary>
    /// An upload for a dataset, or a version of one, that the database does not have: it was restored from a backup of
    /// an earlier day. Nobody can load it, and it may be all there is of what was answered 202.
    /// </summary>
    public async Task SetAsideOrphanAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await spool.FindAsync(id, cancellationToken) is { } manifest)
        {
            await spool.SetAsideAsync(id, store.Now);
            Log.Orphan(logger, id, manifest.Dataset, manifest.DatasetVersion, spool.Place);
        }
    }

    /// <summary>
    /// An upload whose key another job has: it came in an outage, when nobody could look, or its process died and the sender
    /// has sent it again elsewhere. It may have been answered 202, so its id stays known, and says what became of it.
    /// </summary>
    /// <returns>False when one of them has gone since, or given its key up.</returns>
    public async Task<bool> TryEndSentAgainAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await spool.FindAsync(id, cancellationToken) is not { IdempotencyKey: not null } manifest
            || await store.FindInsteadOfFoundAsync(
                store.RowOf(manifest, spool.Id, JobState.Queued, isOurs: false), cancellationToken) is not { } first)
        {
            return false;
        }

        using IDisposable? scope = logger.BeginJobScope(manifest.Dataset, id);
        bool isSame = first.UploadSha256 is { } sha256 && Convert.ToHexStringLower(sha256) == manifest.Sha256;
        JobState state = isSame ? JobState.Cancelled : JobState.Failed;
        Log.SentAgain(logger, id, first.Id, state.ToText());
        await EndUnregisteredAsync(
            manifest, state, isSame ? Faults.Replayed(first) : Faults.KeyReused(first.Id), cancellationToken);
        return true;
    }

    /// <summary>
    /// An upload that was to replace a job which another has replaced, or somebody has reverted, before this one had a row.
    /// </summary>
    public async Task EndNotReplacingAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await spool.FindAsync(id, cancellationToken) is { Replaces: { } replaced } manifest)
        {
            using IDisposable? scope = logger.BeginJobScope(manifest.Dataset, id);
            Log.NotReplacing(logger, id, replaced);
            await EndUnregisteredAsync(manifest, JobState.Failed, JobProblems.NoLongerReplaceable(replaced), cancellationToken);
        }
    }

    /// <summary>
    /// An upload of a source that has taken the same once more after its process died, or that is no more. Nobody was told of this one, and
    /// where it came from it is still there, or registered under another id: nothing of it is kept.
    /// </summary>
    public async Task DropTakenBeforeAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await spool.FindAsync(id, cancellationToken) is { Taken: not null })
        {
            await spool.DeleteAsync(id);
            Log.TakenBefore(logger, id);
        }
    }

    private async Task EndUnregisteredAsync(
        SpoolManifest manifest, JobState state, Problem reason, CancellationToken cancellationToken)
    {
        await store.RegisterEndedAsync(
            store.RowOf(manifest, spool.Id, state, isOurs: false) with { Error = Faults.ToJson(reason), FinishedAt = store.Now },
            UploadEntry.Of(manifest),
            cancellationToken);
        await spool.DeleteAsync(manifest.UploadId);
        liveJobs.Tell(manifest.UploadId);
        await report.TellAsync(manifest.UploadId, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "The upload {JobId} was found in the spool; its source has taken the same under another id, so it goes.")]
        public static partial void TakenBefore(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The upload {JobId} was found in the spool; job {First} has its idempotency key, "
                + "so it ends {State} with nothing loaded.")]
        public static partial void SentAgain(ILogger logger, Guid jobId, Guid first, string state);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The upload {JobId} was found in the spool and was to replace job {Replaced}, which it no longer can: it ends failed.")]
        public static partial void NotReplacing(ILogger logger, Guid jobId, Guid replaced);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "The upload of job {JobId} is for version {Version} of dataset {Dataset}, which the database "
                + "does not have. It is set aside in {Directory}, as {JobId}.*.damaged.")]
        public static partial void Orphan(ILogger logger, Guid jobId, string dataset, int version, string directory);
    }
}
