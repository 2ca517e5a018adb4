using PipelineService.Core.Jobs;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>
/// Brings the spool and the job rows into agreement: at the start, after an outage, and now and then. Every upload that got
/// its 202 has a row afterwards; what is final leaves the spool; what was never answered is taken back.
/// </summary>
public sealed partial class SpoolRecovery(
    JobStore store, SpoolDirectory spool, LiveJobs liveJobs, UploadTakeBack takeBack, ILogger<SpoolRecovery> logger)
{
    private const int BatchSize = 500;
    private bool _leasesExpired;

    /// <summary>Set when an upload was answered 202 although its row could not be written.</summary>
    public bool HasUnregistered { get; set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        HasUnregistered = false;
        if (!_leasesExpired)
        {
            // Instances that died with this directory open: their jobs need not wait for the leases to run out.
            await store.ExpireLeasesAsync([.. spool.DeadInstances], cancellationToken);
            _leasesExpired = true;
        }

        foreach (Guid[] ids in spool.SealedUploads().Chunk(BatchSize))
        {
            Dictionary<Guid, JobState> states = await store.StatesOfAsync(ids, cancellationToken);
            foreach (Guid id in ids)
            {
                await ReconcileAsync(id, states.TryGetValue(id, out JobState state) ? state : null, cancellationToken);
            }
        }

        foreach (JobRow row in await store.DeadReceivingAsync(spool.Id, cancellationToken))
        {
            if (liveJobs.Find(row.Id) is null && spool.FindManifest(row.Id) is null)
            {
                await takeBack.RunAsync(row, cancellationToken);
            }
        }
    }

    private async Task ReconcileAsync(Guid id, JobState? state, CancellationToken cancellationToken)
    {
        if (state is { } known && known.IsFinal())
        {
            if (liveJobs.Find(id) is null)
            {
                spool.Delete(id); // its process died between the commit and the unlink
            }

            return;
        }

        if (state is not (null or JobState.Receiving))
        {
            return;
        }

        try
        {
            if (spool.FindManifest(id) is { } manifest && (liveJobs.Find(id)?.Run.IsCompleted ?? true))
            {
                await store.RegisterPatientlyAsync(
                    store.RowOf(manifest, spool.Id, JobState.Queued, isOurs: false), cancellationToken);
                Log.Registered(logger, id);
            }
        }
        catch (SpoolDamagedException e)
        {
            Log.ManifestDamaged(logger, e, id);
            spool.SetAside(id);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} was found in the spool and is queued.")]
        public static partial void Registered(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "The manifest of job {JobId} is damaged, so nothing is known of the upload; its files are set aside.")]
        public static partial void ManifestDamaged(ILogger logger, Exception exception, Guid jobId);
    }
}
