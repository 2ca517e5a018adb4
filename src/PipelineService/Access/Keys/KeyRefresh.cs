using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Keys;

/// <summary>
/// Keeps the keys of this instance as those in the database are. Where other instances run, a signal comes sooner
/// (<c>pipeline_keys</c>); this is for when none does.
/// </summary>
internal sealed partial class KeyRefresh(
    KeyRing keys, DatabaseReadiness readiness, IOptions<AccessOptions> options, TimeProvider time, ILogger<KeyRefresh> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await readiness.WaitAsync(stoppingToken);
            using PeriodicTimer timer = new(options.Value.RefreshInterval, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await RefreshAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    /// <summary>Never ends by itself: without it a revoked key would go on for ever.</summary>
    private async Task RefreshAsync(CancellationToken stoppingToken)
    {
        try
        {
            await keys.RefreshAsync(stoppingToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            Log.Missed(logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "The keys could not be refreshed; those that are known go on: {Reason}")]
        public static partial void Missed(ILogger logger, string reason);
    }
}
