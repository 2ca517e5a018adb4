using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Brings the spool and the job rows into agreement: at the start, after an outage, and when something was missed. Every upload
/// that got its 202 has a row afterwards, and what is final leaves the spool.
/// </summary>
public sealed partial class SpoolRecovery(
    JobStore store, JobLeases leases, JobEndings endings, ISpool spool, LiveJobs liveJobs, EndedUploads ended,
    UnloadableUploads unloadable, JobEndReport report,
    ILogger<SpoolRecovery> logger)
{
    private const int BatchSize = 500;
    private readonly GrowthSignal _missed = new();
    private volatile bool _isDue = true;
    private int _missing = 1;
    private int _newer;

    /// <summary>
    /// False while the spool may hold uploads without a row: after the start, when one was answered 202 although its
    /// row could not be written, and while one cannot be recovered.
    /// </summary>
    public bool IsComplete => Volatile.Read(ref _missing) == 0;

    /// <summary>
    /// Whether the spool may hold what no row knows of, or what no job needs any more. It is as large as what waits.
    /// </summary>
    public bool IsDue => _isDue || !IsComplete;

    /// <summary>An upload was answered 202 although its row could not be written.</summary>
    public void MissesOne()
    {
        Interlocked.Increment(ref _missing);
        _missed.Set();
    }

    /// <summary>Something has happened to which the spool has to be looked through before long.</summary>
    public void LookAgain() => _isDue = true;

    /// <summary>Completes when the next one is missed.</summary>
    public Task NextMiss => _missed.Next;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.Recovering);
        spool.ThrowUnlessThere(); // an upload that is missing in another place is not lost
        int missing = Volatile.Read(ref _missing);
        _isDue = false; // before the look: what happens meanwhile is looked at the next time
        int failed = int.MaxValue;
        try
        {
            failed = await ReconcileAllAsync(cancellationToken);
        }
        finally
        {
            _isDue |= failed > 0;
        }

        FaultPoints.Reach(FaultPoint.Recovered);
        Interlocked.Add(ref _missing, failed == 0 ? -missing : 0);
    }

    /// <summary>Brings one upload and its row into agreement.</summary>
    /// <param name="state">What its row says; null when it has none.</param>
    internal async Task ReconcileAsync(Guid id, JobState? state, CancellationToken cancellationToken)
    {
        if (state is { } known && known.IsFinal())
        {
            if (liveJobs.Find(id) is null)
            {
                await ended.ReleaseAsync(id, cancellationToken); // its process died between the commit and that
            }

            return;
        }

        if (state is not (null or JobState.Receiving))
        {
            return;
        }

        try
        {
            if (!IsInHand(id) && await spool.FindAsync(id, cancellationToken) is { } manifest)
            {
                using IDisposable? scope = logger.BeginJobScope(manifest.Dataset, id);
                await store.RegisterFoundAsync(
                    store.RowOf(manifest, spool.Id, JobState.Queued, isOurs: false), UploadEntry.Of(manifest), cancellationToken);
                Log.Registered(logger, id);
            }
        }
        catch (SpoolDamagedException e) when (state is null)
        {
            Log.ManifestDamaged(logger, e, id, spool.Place);
            await spool.SetAsideAsync(id, store.Now);
        }
        catch (SpoolDamagedException e)
        {
            await FailDamagedAsync(id, e, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            if (!await unloadable.TryEndSentAgainAsync(id, cancellationToken))
            {
                LookAgain(); // one of the two has gone since, or given its key up
            }
        }
        catch (PostgresException e) when (e.SqlState == JobSql.ReplacementRefused)
        {
            await unloadable.EndNotReplacingAsync(id, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == JobSql.TakenBefore)
        {
            await unloadable.DropTakenBeforeAsync(id, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            await unloadable.SetAsideOrphanAsync(id, cancellationToken);
        }
    }

    /// <summary>All uploads that are in the spool.</summary>
    /// <returns>How many of them could not be.</returns>
    private async Task<int> ReconcileAllAsync(CancellationToken cancellationToken)
    {
        (int failed, int newer) = (0, 0);
        await foreach (Guid[] ids in spool.ListAsync(cancellationToken).Chunk(BatchSize).WithCancellation(cancellationToken))
        {
            Dictionary<Guid, JobState> states = await store.StatesOfAsync(ids, cancellationToken);
            foreach (Guid id in ids)
            {
                try
                {
                    await ReconcileAsync(id, states.TryGetValue(id, out JobState state) ? state : null, cancellationToken);
                }
                catch (SpoolNewerException)
                {
                    newer++; // whoever can read it registers it
                }
                catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
                {
                    failed++;
                    Log.NotReconciled(logger, e, id); // one upload must not keep all others waiting
                }
            }
        }

        Tell(newer);
        return failed;
    }

    /// <summary>Once, and again when they have become more or fewer.</summary>
    private void Tell(int newer)
    {
        if (newer != _newer && newer > 0)
        {
            Log.LeftToNewer(logger, newer);
        }

        _newer = newer;
    }

    /// <summary>Whether it is received or run here: then its receiver registers it, or refuses it after all.</summary>
    private bool IsInHand(Guid id) => liveJobs.Find(id) is { } live
        && (!live.Run.IsCompleted || live.Current.JobState == JobState.Receiving);

    /// <summary>
    /// An upload whose row still says that it arrives, with a manifest that cannot be understood: it may have been answered
    /// 202, so it is not taken back like one that broke off. Its job fails, and its files stay.
    /// </summary>
    internal async Task FailDamagedAsync(Guid id, SpoolDamagedException damage, CancellationToken cancellationToken)
    {
        if (liveJobs.Find(id) is null && await leases.ClaimToEndAsync(id, cancellationToken) is { } job)
        {
            using IDisposable? scope = logger.BeginJobScope(job.Dataset, id);
            await spool.SetAsideAsync(id, store.Now);
            await endings.EndAsync(
                id, job.Epoch, JobState.Failed, Faults.ToJson(Faults.SpoolDamaged(damage, id)), job.UploadColumns, cancellationToken);
            liveJobs.Tell(id);
            Log.ManifestOfJobDamaged(logger, damage, id);
            await report.TellAsync(id, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} was found in the spool and is queued.")]
        public static partial void Registered(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "{Count} uploads in the spool were taken by a newer PipelineService, and are left to it.")]
        public static partial void LeftToNewer(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "The upload of job {JobId} in the spool cannot be recovered; it is tried again.")]
        public static partial void NotReconciled(ILogger logger, Exception exception, Guid jobId);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "The manifest of the upload of job {JobId} is damaged; its files are set aside.")]
        public static partial void ManifestOfJobDamaged(ILogger logger, Exception exception, Guid jobId);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "The manifest of job {JobId} is damaged and the job has no row, so nothing is known of it but its id. It "
                + "is set aside in {Directory}, as {JobId}.*.damaged.")]
        public static partial void ManifestDamaged(ILogger logger, Exception exception, Guid jobId, string directory);
    }
}
