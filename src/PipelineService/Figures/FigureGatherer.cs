using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Figures;

/// <summary>
/// Puts together what the ends of jobs have added to the figures. Each adds a row of its own, so that none waits for another; whoever asks
/// meanwhile is told both. Every instance does; one of them at a time has the lock.
/// </summary>
internal sealed partial class FigureGatherer(
    FigureStore store, DatabaseReadiness readiness, TimeProvider time, ILogger<FigureGatherer> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        using IDisposable untraced = PipelineTracing.Untraced();
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            do
            {
                await GatherOrTellAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is gathered by another instance, or by the next to start.
        }
    }

    /// <summary>Never ends by itself: what failed is done by the next round.</summary>
    private async Task GatherOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await store.GatherAsync(cancellationToken) == FigureStore.BatchMax)
            {
                // More wait than are gathered at once.
            }
        }
        catch (DatabaseUnavailableException)
        {
            // No job ends meanwhile either.
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.NotGathered(logger, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error,
            Message = "Figures could not be put together; it is tried again, and they are told all the same.")]
        public static partial void NotGathered(ILogger logger, Exception exception);
    }
}
