using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Figures;

/// <summary>
/// Clears away the figures of minutes that are kept no longer (<see cref="FiguresOptions.Keep"/>), some thousand rows at a time: at the
/// start and then every hour. Every instance does; what one has removed the others do not find.
/// </summary>
internal sealed partial class FigureCleaner(
    FigureStore store, DatabaseReadiness readiness, IOptions<FiguresOptions> options, TimeProvider time, ILogger<FigureCleaner> logger)
    : BackgroundService
{
    /// <summary>Rounds of an hour: what is left goes in the next one.</summary>
    private const int RoundsMax = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        using IDisposable untraced = PipelineTracing.Untraced();
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            do
            {
                await CleanOrTellAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next start goes on.
        }
    }

    /// <summary>What is to go now.</summary>
    /// <returns>How many rows went.</returns>
    internal async Task<long> CleanAsync(CancellationToken cancellationToken)
    {
        DateTime before = time.GetDatabaseNow().UtcDateTime - options.Value.Keep;
        long all = 0;
        for (int round = 0; round < RoundsMax; round++)
        {
            long gone = await store.CleanAsync(before, cancellationToken);
            all += gone;
            if (gone < FigureStore.BatchMax)
            {
                break;
            }
        }

        return all;
    }

    private async Task CleanOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CleanAsync(cancellationToken);
        }
        catch (DatabaseUnavailableException)
        {
            // The next hour comes.
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.NotCleaned(logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Old figures could not be removed; the next hour tries again: {Reason}")]
        public static partial void NotCleaned(ILogger logger, string reason);
    }
}
