using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Sources.Requests;
using PipelineService.Spool;

namespace PipelineService.Sources;

/// <summary>
/// Looks after one source for as long as it is this instance's: look, take, wait. A place that cannot be looked at is left alone for longer
/// each time, from a second to a minute, with jitter.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Whoever stops it disposes of what it has.")]
internal sealed partial class SourceRun
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseMax = TimeSpan.FromMinutes(1);

    /// <summary>How often what lies there no more is forgotten: at the first look, and then this long after.</summary>
    private static readonly TimeSpan ForgetInterval = TimeSpan.FromHours(1);

    /// <summary>A sentence about a place, with what the system says of it.</summary>
    private const int ReasonLengthMax = 400;

    private readonly SourceLedger _ledger;
    private readonly SourceMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ISourceWork _work;
    private readonly CancellationTokenSource _stop = new();
    private readonly GrowthSignal _woken = new();
    private int _failures;
    private long? _forgotten;

    /// <param name="work">What is done for it. It is disposed of at the end.</param>
    public SourceRun(SourceRow source, ISourceWork work, SourceLedger ledger, SourceMetrics metrics, TimeProvider time, ILogger logger)
    {
        (Source, _work, _ledger, _metrics, _time, _logger) = (source, work, ledger, metrics, time, logger);
        Ending = Task.Run(RunAsync);
    }

    /// <summary>The source as it was seen last.</summary>
    public SourceRow Source { get; private set; }

    /// <summary>Completes when nothing of it is done any more.</summary>
    public Task Ending { get; }

    /// <summary>Whether it is that of the source as it is now; one that was changed is begun anew.</summary>
    public bool IsOf(SourceRow row) => Source.Id == row.Id && Source.UpdatedAt == row.UpdatedAt;

    /// <summary>Looks at once, if somebody has said since that there is something new.</summary>
    public void Heed(SourceRow row)
    {
        bool isNews = row.Wakes != Source.Wakes;
        Source = row;
        if (isNews)
        {
            _woken.Set();
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Ending;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using IDisposable untraced = PipelineTracing.Untraced(); // it is nobody's request
        try
        {
            while (true)
            {
                Task woken = _woken.Next;
                TimeSpan pause = await LookOrTellAsync();
                await WaitAsync(woken, pause);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Whoever looks after it next goes on.
        }
        finally
        {
            await _work.DisposeAsync();
            _metrics.Forget(Source.Name);
        }
    }

    private async Task WaitAsync(Task woken, TimeSpan pause)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await Task.WhenAny(woken, Task.Delay(pause, _time, end.Token));
        await end.CancelAsync(); // else each call that wakes it would leave a timer behind, of up to a day
        _stop.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Never ends by itself: what failed is done by the next look.</summary>
    /// <returns>How long nobody needs to look.</returns>
    private async Task<TimeSpan> LookOrTellAsync()
    {
        try
        {
            await ForgetAsync();
            TimeSpan next = await _work.LookAsync(Source, _stop.Token);
            _failures = 0;
            _metrics.GotOn(Source.Name);
            return next;
        }
        catch (SourceFaultException e)
        {
            string reason = Excerpt.Of(e.Message, ReasonLengthMax);
            if (_failures == 0)
            {
                Log.Failing(_logger, Source.Name, reason);
            }

            await TellAsync(reason);
        }
        catch (Exception e) when (e is DatabaseUnavailableException || (e is OperationCanceledException && !_stop.IsCancellationRequested))
        {
            // Nothing can be taken meanwhile, and nothing is lost; or the service stops, and what it takes is asked first.
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            Log.NotLookedAt(_logger, e, Source.Name);
            await TellAsync("An internal error; the log of the service says more.");
        }

        return NextPause();
    }

    private async Task ForgetAsync()
    {
        if (_forgotten is not { } last || _time.GetElapsedTime(last) >= ForgetInterval)
        {
            await _ledger.ForgetAsync(Source.Id, _stop.Token);
            _forgotten = _time.GetTimestamp();
        }
    }

    private async Task TellAsync(string reason)
    {
        _metrics.Failed(Source.Name, reason);
        try
        {
            await _ledger.TellFaultAsync(Source.Id, SourceProblems.Unreachable(reason), _stop.Token);
        }
        catch (DatabaseUnavailableException)
        {
            // The next failure tells it.
        }
    }

    [SuppressMessage("Security", "CA5394", Justification = "Jitter, not a secret.")]
    private TimeSpan NextPause()
    {
        TimeSpan pause = PauseMin * Math.Pow(2, Math.Min(_failures, 10));
        _failures++;
        return (pause < PauseMax ? pause : PauseMax) * (0.75 + (Random.Shared.NextDouble() / 2));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Source {SourceName} cannot be looked at, and is left alone for a while: {Reason}")]
        public static partial void Failing(ILogger logger, string sourceName, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "Source {SourceName} could not be looked at; it is tried again.")]
        public static partial void NotLookedAt(ILogger logger, Exception exception, string sourceName);
    }
}
