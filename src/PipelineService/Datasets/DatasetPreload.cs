using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets;

/// <summary>Makes the datasets known once the database is there, so that an outage later on refuses no upload for them.</summary>
internal sealed partial class DatasetPreload(
    DatasetCatalog catalog, DatabaseReadiness readiness, ILogger<DatasetPreload> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await readiness.WaitAsync(stoppingToken);
            int count = await catalog.PreloadAsync(stoppingToken);
            Log.Preloaded(logger, count);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops before its database was there.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Log.NotPreloaded(logger, e); // each dataset is read when it is first used
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "{Count} datasets are known.")]
        public static partial void Preloaded(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The datasets could not be read ahead of their first use.")]
        public static partial void NotPreloaded(ILogger logger, Exception exception);
    }
}
