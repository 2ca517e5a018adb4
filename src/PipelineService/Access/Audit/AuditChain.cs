using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Access.Audit;

/// <summary>
/// Links new entries of the audit, half a second after they came to be visible at the latest. Every instance tries; one of them has the
/// lock, and the others count what it has left.
/// </summary>
public sealed partial class AuditChain : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly AuditLinker _linker;
    private readonly DatabaseReadiness _readiness;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditChain> _logger;
    private long _unlinked;
    private long _behindSince;

    internal AuditChain(
        AuditLinker linker, PipelineMetrics metrics, DatabaseReadiness readiness, TimeProvider time, ILogger<AuditChain> logger)
    {
        (_linker, _readiness, _time, _logger) = (linker, readiness, time, logger);
        metrics.ObserveGauge(
            "pipeline.audit.unlinked", "{entry}", "Entries of the audit that are not in its chain yet.", () => Unlinked);
    }

    /// <summary>Entries without a link, as far as the last look counted.</summary>
    public long Unlinked => Volatile.Read(ref _unlinked);

    /// <summary>For how long there have been some at every look; zero when the last saw none.</summary>
    public TimeSpan Behind => Volatile.Read(ref _behindSince) is > 0 and var since ? _time.GetElapsedTime(since) : TimeSpan.Zero;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _readiness.WaitAsync(stoppingToken);
        using PeriodicTimer timer = new(Interval, _time);
        using IDisposable untraced = PipelineTracing.Untraced(); // two spans a second would bury all others
        try
        {
            do
            {
                await LinkOrTellAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is linked by the next to start.
        }
    }

    /// <summary>Never ends by itself: what failed is done by the next round, from where the last committed one ended.</summary>
    private async Task LinkOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            LinkRound round;
            do
            {
                round = await _linker.LinkAsync(cancellationToken);
                Take(round.Unlinked);
            }
            while (round is { Linked: > 0, Unlinked: > 0 });
        }
        catch (DatabaseUnavailableException)
        {
            // Nothing is written meanwhile either.
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Take(Math.Max(1, Unlinked));
            Log.NotLinked(_logger, e);
        }
    }

    private void Take(long unlinked)
    {
        Volatile.Write(ref _unlinked, unlinked);
        if (unlinked == 0)
        {
            Volatile.Write(ref _behindSince, 0);
        }
        else if (Volatile.Read(ref _behindSince) == 0)
        {
            Volatile.Write(ref _behindSince, Math.Max(1, _time.GetTimestamp()));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "New entries of the audit could not be linked; it is tried again.")]
        public static partial void NotLinked(ILogger logger, Exception exception);
    }
}
