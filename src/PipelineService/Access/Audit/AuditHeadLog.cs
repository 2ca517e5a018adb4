using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Access.Audit;

/// <summary>Tells the log every minute where the chain ends, when that has changed: the log goes where the database does not.</summary>
public sealed partial class AuditHeadLog(
    AuditHeads heads, DatabaseReadiness readiness, TimeProvider time, ILogger<AuditHeadLog> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private long _told;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        using PeriodicTimer timer = new(Interval, time);
        using IDisposable untraced = PipelineTracing.Untraced();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await TellAsync(stoppingToken);
            }
            catch (Exception e) when (e is DatabaseUnavailableException or NpgsqlException)
            {
                Log.NotRead(logger, e.Message);
            }
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        AuditHead head = await heads.ReadAsync(cancellationToken);
        if (head.Seq != _told)
        {
            _told = head.Seq;
            Log.Head(logger, head.Anchor, head.Count);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The audit's chain ends at {Head:l}; it has {Count} entries.")]
        public static partial void Head(ILogger logger, string head, long count);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The end of the audit's chain could not be read: {Reason}")]
        public static partial void NotRead(ILogger logger, string reason);
    }
}
