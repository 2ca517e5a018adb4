using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Removes uploads of this spool that were kept long enough (<c>load.keepUpload</c>), or whose job was deleted, once no job
/// loads them any more. Several instances may be at it: removing twice changes nothing.
/// </summary>
public sealed partial class UploadCleaner(
    KeptUploads kept, ISpool spool, DatabaseReadiness readiness, TimeProvider time, ILogger<UploadCleaner> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly GrowthSignal _deleted = new();

    /// <summary>A job was deleted that may have kept its upload.</summary>
    public void Wake() => _deleted.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            Task deleted = _deleted.Next; // before looking: what is deleted meanwhile is seen now or the next time
            try
            {
                await CleanAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException || SpoolUnavailableException.IsFault(e))
            {
                Log.NotCleaned(logger, e.Message);
            }

            await Task.WhenAny(deleted, Task.Delay(Interval, time, stoppingToken));
        }
    }

    /// <summary>Removes all that is due now.</summary>
    /// <returns>How many uploads.</returns>
    internal async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        int count = 0;
        Guid[] over;
        do
        {
            spool.ThrowUnlessThere(); // what cannot be removed in another place is not gone
            over = await kept.FindOverAsync(spool.Id, cancellationToken);
            foreach (Guid upload in over)
            {
                await spool.DeleteAsync(upload);
            }

            if (over.Length > 0)
            {
                await kept.ForgetAsync(over, cancellationToken);
                count += over.Length;
                Log.Cleaned(logger, over.Length);
            }
        }
        while (over.Length == KeptUploads.CountMax);
        return count;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Removed {Uploads} uploads that were kept long enough (load.keepUpload).")]
        public static partial void Cleaned(ILogger logger, int uploads);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Uploads that were kept long enough could not be removed; it is tried again: {Reason}")]
        public static partial void NotCleaned(ILogger logger, string reason);
    }
}
