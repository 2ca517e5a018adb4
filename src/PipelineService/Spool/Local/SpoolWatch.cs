namespace PipelineService.Spool.Local;

/// <summary>Looks whether the spool is there, and tells when it goes away and when it is back.</summary>
public sealed partial class SpoolWatch(SpoolDirectory spool, TimeProvider time, ILogger<SpoolWatch> logger)
    : BackgroundService
{
    /// <summary>How late it may be told; those who use the spool look for themselves.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        bool wasThere = true;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            bool isThere = spool.IsThere();
            if (isThere && !wasThere)
            {
                Log.Back(logger, spool.Root);
            }
            else if (wasThere && !isThere)
            {
                Log.Away(logger, spool.Root);
            }

            wasThere = isThere;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error,
            Message = "The spool {Directory} is gone, or another's: jobs wait, uploads are refused until it is back.")]
        public static partial void Away(ILogger logger, string directory);

        [LoggerMessage(Level = LogLevel.Information, Message = "The spool {Directory} is back.")]
        public static partial void Back(ILogger logger, string directory);
    }
}
