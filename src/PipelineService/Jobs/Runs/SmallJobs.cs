using System.Diagnostics;
using Microsoft.Extensions.Options;
using PipelineService.Datasets.Taps;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>An upload of one chunk that waits to be loaded, and the span of its job.</summary>
/// <param name="Stopping">Cancelled at shutdown.</param>
internal sealed record SmallJob(LiveJob Live, SpoolReader Upload, Activity Span, CancellationToken Stopping);

/// <summary>
/// Runs jobs of one chunk. Those of one dataset that come while others of it are being loaded go together in the next
/// transaction, so that a flood of small uploads costs a few round trips for many of them. Each keeps its own fate: a job of
/// which a record is rejected, and all of a transaction that is refused, are run by themselves.
/// </summary>
public sealed class SmallJobs
{
    /// <summary>So many shared transactions may wait here; what comes beyond waits in the queue, which takes no memory.</summary>
    private const int WaitingFactor = 4;

    private readonly SmallJobLoader _loader;
    private readonly JobRunner _runner;
    private readonly SessionBudget _budget;
    private readonly LiveJobs _liveJobs;
    private readonly RecordTaps _taps;
    private readonly SpoolOptions _spoolOptions;
    private readonly WriteOptions _writeOptions;
    private readonly SharedCalls<(string Dataset, int Version), SmallJob, SharedOutcome> _shared;

    private int _running;

    public SmallJobs(
        SmallJobLoader loader,
        JobRunner runner,
        SessionBudget budget,
        LiveJobs liveJobs,
        RecordTaps taps,
        IOptions<SpoolOptions> spoolOptions,
        IOptions<WriteOptions> writeOptions)
    {
        (_loader, _runner, _budget, _liveJobs, _taps) = (loader, runner, budget, liveJobs, taps);
        (_spoolOptions, _writeOptions) = (spoolOptions.Value, writeOptions.Value);
        _shared = new((_, jobs) => loader.LoadAsync(jobs), _writeOptions.JobsTogetherMax);
    }

    /// <summary>
    /// Whether an upload that has arrived is loaded this way: it is of one chunk, takes nobody's place, looks nothing up, is not looked at
    /// as a whole or record by record, and there is a session
    /// for it, or one that loads others of its dataset now.
    /// </summary>
    public bool Takes(LiveJob live, long bytes) =>
        _writeOptions.JobsTogetherMax > 1 && live is { ReplacesAll: false, LooksUp: false, IsConverted: false, IsProfiled: false } && live.Current.Replaces is null
        && bytes <= _spoolOptions.ChunkBytes && !_loader.IsApart(live.Table) && _taps.Of(live.Current.Dataset) is null
        && Volatile.Read(ref _running) < _writeOptions.JobsTogetherMax * WaitingFactor
        && (_shared.IsCalling(KeyOf(live.Current)) || _budget.MayReserve(live.Wish(bytes)));

    /// <summary>Runs a job to its end, and disposes of the upload. Never throws.</summary>
    /// <param name="live">The job, registered and claimed by this instance, in its first attempt.</param>
    /// <param name="stopping">Cancelled at shutdown.</param>
    public async Task RunAsync(LiveJob live, SpoolReader upload, CancellationToken stopping)
    {
        Interlocked.Increment(ref _running);
        JobRow job = live.Current;
        using Activity span = PipelineTracing.StartJob(job.Dataset, job.Id, job.Source, live.Request);
        SharedOutcome outcome = stopping.IsCancellationRequested || live.CancelRequested.IsCancellationRequested
            ? SharedOutcome.Apart
            : await _shared.AddAsync(KeyOf(job), new SmallJob(live, upload, span, stopping));
        Interlocked.Decrement(ref _running);
        if (outcome == SharedOutcome.Committed)
        {
            span.Tell(live.Current.State, hasFailed: false);
            await upload.DisposeAsync();
            _liveJobs.Remove(live);
            return;
        }

        await _runner.RunApartAsync(
            live, upload, _budget.ReserveOneOrNone(live.Wish(upload.Length)), outcome == SharedOutcome.Unknown, span, stopping);
    }

    private static (string Dataset, int Version) KeyOf(JobRow job) => (job.Dataset, job.DatasetVersion);
}
