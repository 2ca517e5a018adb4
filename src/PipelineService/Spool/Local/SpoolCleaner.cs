using Microsoft.Extensions.Options;

namespace PipelineService.Spool.Local;

/// <summary>
/// Sweeps the spool now and then, from the time when it is known to be this database's: orphans of instances that died,
/// damaged uploads whose time is over, and the count of what is left.
/// </summary>
public sealed partial class SpoolCleaner(
    SpoolDirectory spool, IOptions<SpoolOptions> options, TimeProvider time, ILogger<SpoolCleaner> logger) : BackgroundService
{
    /// <summary>A sweep lists the directory: some milliseconds for thousands of uploads.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (spool.IsInUse && spool.IsThere())
                {
                    spool.Sweep(damagedBefore: time.GetUtcNow() - options.Value.DamagedRetention);
                }
            }
            catch (Exception e) when (SpoolUnavailableException.IsFault(e))
            {
                Log.NotSwept(logger, e.Message);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The spool could not be swept; it is tried again: {Reason}")]
        public static partial void NotSwept(ILogger logger, string reason);
    }
}
