using System.Threading.Channels;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Datasets.Views;

/// <summary>
/// Builds views that were declared or are in doubt, removes those that are declared no longer, and puts parts together of jobs that ended
/// long ago. Every instance looks; of one view one of them has the lock.
/// </summary>
public sealed partial class ViewKeeper(
    ViewBuilder builder, DatabaseReadiness readiness, TimeProvider time, ILogger<ViewKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _declared =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Views were declared.</summary>
    public void Wake() => _declared.Writer.TryWrite(true);

    /// <summary>Does what there is to do now.</summary>
    /// <returns>What could not be done because somebody was in the way.</returns>
    internal async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        int left = 0;
        foreach (DueView view in await builder.FindDueAsync(cancellationToken))
        {
            left += await builder.AttendAsync(view, cancellationToken) ? 0 : 1;
        }

        return left;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        using IDisposable untraced = PipelineTracing.Untraced();
        try
        {
            while (true)
            {
                await RunOrTellAsync(stoppingToken);
                await Task.WhenAny(_declared.Reader.WaitToReadAsync(stoppingToken).AsTask(), Task.Delay(Interval, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
                _declared.Reader.TryRead(out _); // before looking: what is declared meanwhile is seen now or the next time
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is done by another instance, or by the next to start.
        }
    }

    private async Task RunOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunOnceAsync(cancellationToken);
        }
        catch (DatabaseUnavailableException)
        {
            // Nobody is told a view meanwhile either.
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.NotKept(logger, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Views could not be looked after; it is tried again.")]
        public static partial void NotKept(ILogger logger, Exception exception);
    }
}
