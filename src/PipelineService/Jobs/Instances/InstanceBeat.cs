using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs.Instances;

/// <summary>
/// The heartbeat of this instance, one for all jobs that it runs: renews its lease, learns which jobs are another's by now or
/// are to be cancelled, and tells how far they are. A job that is lost ends its attempt; an outage does not: the epoch fences
/// whatever this instance could still do.
/// </summary>
public sealed partial class InstanceBeat(
    InstanceLeases leases, Instance instance, DatabaseReadiness readiness, IOptions<JobsOptions> options, TimeProvider time,
    ILogger<InstanceBeat> logger) : BackgroundService
{
    /// <summary>
    /// A job that has run for so many times an interval tells only after another: the longer it runs, the less it changes. So
    /// one of many hours leaves no more behind than some hundred versions of its row, which nobody can clear away while it is
    /// open.
    /// </summary>
    private const int Patience = 100;

    private readonly JobsOptions _options = options.Value;
    private readonly TimeSpan _lookInterval =
        TimeSpan.FromTicks(Math.Min(options.Value.ProgressInterval.Ticks, options.Value.LeaseTime.Ticks / 3));

    private readonly ConcurrentDictionary<Guid, Followed> _followed = new();

    /// <summary>Jobs of which was told how far they are. Only the loop that looks uses it.</summary>
    private readonly HashSet<Guid> _told = [];

    /// <summary>From now on until it is disposed of, the job is this instance's as long as nobody takes it.</summary>
    /// <param name="live">The job; its row is registered.</param>
    /// <param name="lost">Cancelled when another has it.</param>
    public IDisposable Follow(LiveJob live, CancellationTokenSource lost)
    {
        Followed followed = new(live, lost, time.GetTimestamp(), _followed);
        _followed[live.Id] = followed;
        return followed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        try
        {
            await Task.WhenAll(
                EachAsync(_options.LeaseTime / 3, leases.RenewAsync, stoppingToken),
                EachAsync(_lookInterval, LookAsync, stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await EndAsync();
        }
    }

    /// <summary>
    /// This service stops when all jobs here have: what could not be given back need not wait for the lease to run out.
    /// </summary>
    private async Task EndAsync()
    {
        try
        {
            await leases.EndAsync([instance.Id], CancellationToken.None);
            await leases.ForgetEndedAsync(CancellationToken.None);
        }
        catch (DatabaseUnavailableException e)
        {
            Log.Missed(logger, e.Message);
        }
    }

    /// <summary>Never ends by itself: without a lease all jobs would be taken from runs that go on.</summary>
    private async Task EachAsync(TimeSpan interval, Func<CancellationToken, Task> beat, CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(interval, time);
        using IDisposable untraced = PipelineTracing.Untraced(); // a span a second would bury those of the jobs
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await beat(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                Log.Missed(logger, e.Message);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await ForgetEndedAsync(cancellationToken);
        (Followed Job, JobRow Row)[] jobs = [.. _followed.Values.Select(followed => (followed, followed.Live.Current))];
        if (jobs.Length == 0)
        {
            return;
        }

        Dictionary<Guid, JobGlance> found = await leases.LookAsync([.. jobs.Select(job => job.Row.Id)], cancellationToken);
        foreach ((Followed job, JobRow row) in jobs)
        {
            await TakeNoteAsync(job, row, found.GetValueOrDefault(row.Id));
        }

        (Followed Job, JobRow Row)[] due = [.. jobs.Where(job => job.Job.IsDue(job.Row, _options.ProgressInterval, time))];
        if (due.Length > 0)
        {
            _told.UnionWith(due.Select(job => job.Row.Id));
            await leases.TellAsync([.. due.Select(job => job.Row)], cancellationToken);
            foreach ((Followed job, JobRow row) in due)
            {
                job.HasTold(row, time.GetTimestamp());
            }
        }
    }

    /// <summary>
    /// The end of a job takes away what was told of it, but not what is told while it commits: of jobs that are not followed any more
    /// it is taken away here.
    /// </summary>
    private async Task ForgetEndedAsync(CancellationToken cancellationToken)
    {
        Guid[] ended = [.. _told.Where(id => !_followed.ContainsKey(id))];
        if (ended.Length > 0)
        {
            await leases.ForgetProgressAsync(ended, cancellationToken);
            _told.ExceptWith(ended);
        }
    }

    /// <param name="row">The job as it was here before the look.</param>
    /// <param name="found">
    /// Its row, if there is one. Under another epoch of the same owner, or without one, this instance has just begun its next
    /// attempt or given it back, and has not had the answer yet.
    /// </param>
    private async Task TakeNoteAsync(Followed job, JobRow row, JobGlance? found)
    {
        if (found is { IsToEnd: true, IsFinal: false } && found.Owner == instance.Id && found.Epoch == row.Epoch)
        {
            await job.Live.CancelAsync();
        }
        else if (IsAnothers(found) && job.Live.Current.Epoch == row.Epoch)
        {
            Log.LeaseLost(logger, row.Id);
            await job.LoseAsync();
        }
    }

    private bool IsAnothers(JobGlance? found) =>
        found is null || (!found.IsFinal && found.Owner is { } owner && owner != instance.Id);

    private sealed class Followed(
        LiveJob live, CancellationTokenSource lost, long since, ConcurrentDictionary<Guid, Followed> all) : IDisposable
    {
        private readonly long _since = since;
        private JobRow? _told;
        private long? _toldAt;

        public LiveJob Live { get; } = live;

        public bool IsDue(JobRow row, TimeSpan interval, TimeProvider time)
        {
            TimeSpan age = time.GetElapsedTime(_since) / Patience;
            return time.GetElapsedTime(_toldAt ?? _since) >= (age > interval ? age : interval / 2)
                && (_told is null || (_told.Counts, _told.UploadBytes, _told.WaitingFor) != (row.Counts, row.UploadBytes, row.WaitingFor));
        }

        public void HasTold(JobRow row, long at) => (_told, _toldAt) = (row, at);

        public async Task LoseAsync()
        {
            try
            {
                await lost.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // It has ended meanwhile.
            }
        }

        public void Dispose() => all.TryRemove(new KeyValuePair<Guid, Followed>(Live.Id, this));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} has been taken over by another instance.")]
        public static partial void LeaseLost(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Debug, Message = "A heartbeat of this instance could not be written: {Reason}")]
        public static partial void Missed(ILogger logger, string reason);
    }
}
