using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Events;

/// <summary>
/// Gives events their positions, as soon as this instance has changed a job, and every half second in any case. Every instance tries; one
/// of
/// them has the lock, and all learn where the log ends. Events are numbered after the fact, because a number that is taken before a
/// commit says nothing of when that comes, and a wait for the oldest transaction would last as long as our longest load.
/// </summary>
internal sealed partial class EventSequencer : BackgroundService
{
    /// <summary>While nobody here waits for events.</summary>
    private static readonly TimeSpan IdleInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>While somebody does: what other instances have done is told by no signal.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Between two rounds: what comes meanwhile goes together in the next.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan IdlePause = TimeSpan.FromMilliseconds(200);

    private readonly EventStore _store;
    private readonly EventFeed _feed;
    private readonly DatabaseReadiness _readiness;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly GrowthSignal _some = new();
    private long _numbered;
    private bool _hasWebhooks;

    public EventSequencer(
        EventStore store, EventFeed feed, LiveJobs jobs, PipelineMetrics metrics, DatabaseReadiness readiness, TimeProvider time,
        ILogger<EventSequencer> logger)
    {
        (_store, _feed, _readiness, _time, _logger) = (store, feed, readiness, time, logger);
        jobs.Told += _ => _some.Set();
        metrics.ObserveCounter(
            "pipeline.events.numbered", "{event}", "Events that this instance has given their places in the log.", () => Volatile.Read(ref _numbered));
        metrics.ObserveGauge("pipeline.events.head", "{event}", "The last place in the log that this instance knows of.", () => feed.Ends.Head);
    }

    /// <summary>Something has happened that no job tells of.</summary>
    public void Wake() => _some.Set();

    /// <summary>Told after each round, with whether there are webhooks.</summary>
    public event Action<NumberingRound>? Told;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _readiness.WaitAsync(stoppingToken);
        using IDisposable untraced = PipelineTracing.Untraced(); // it is nobody's alone
        try
        {
            while (true)
            {
                Task some = _some.Next;
                await NumberOrTellAsync(stoppingToken);
                bool isAwaited = _feed.IsFollowed || _hasWebhooks;
                await Task.Delay(isAwaited ? Pause : IdlePause, _time, stoppingToken);
                var look = Task.Delay(isAwaited ? Interval - Pause : IdleInterval - IdlePause, _time, stoppingToken);
                await await Task.WhenAny(some, look);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is numbered by another instance, or by the next to start.
        }
    }

    /// <summary>Never ends by itself: what failed is done by the next round.</summary>
    private async Task NumberOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            NumberingRound round = await _store.NumberAsync(cancellationToken);
            Interlocked.Add(ref _numbered, round.Numbered);
            _hasWebhooks = round.HasWebhooks;
            Told?.Invoke(round);
            await _feed.AdvanceAsync(round.Ends, cancellationToken);
        }
        catch (DatabaseUnavailableException)
        {
            // Nothing happens meanwhile either.
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.NotNumbered(_logger, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "New events could not be numbered; it is tried again.")]
        public static partial void NotNumbered(ILogger logger, Exception exception);
    }
}
