using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;

namespace PipelineService.Jobs.Quality;

/// <summary>
/// Ends jobs of this spool that were held for longer than <see cref="JobsOptions.ApprovalWaitMax"/> without anybody's decision: what
/// nobody looks at must not fill the spool for ever.
/// </summary>
public sealed partial class ApprovalExpiry(
    Database database, JobStore store, JobDecisions decisions, ISpool spool, IOptions<JobsOptions> options, TimeProvider time,
    ILogger<ApprovalExpiry> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>What is more waits for the next time.</summary>
    private const int JobsMax = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await ExpireOrTellAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    private async Task ExpireOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ExpireAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or DatabaseUnavailableException)
        {
            Log.NotExpired(logger, e.Message);
        }
    }

    /// <summary>Ends those that are overdue now.</summary>
    internal async Task ExpireAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait = options.Value.ApprovalWaitMax;
        Guid[] overdue = await database.RunAsync(
            async (connection, token) => (Guid[])[.. await connection.QueryAsync<Guid>(JobSql.Command(
                QualitySql.Overdue,
                new { spool = spool.Id, before = (time.GetDatabaseNow() - wait).UtcDateTime, limit = JobsMax },
                token))],
            cancellationToken);
        foreach (Guid id in overdue)
        {
            if (await store.FindAsync(id, cancellationToken) is { } job)
            {
                await decisions.ExpireAsync(job, wait, cancellationToken);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Jobs that were held for too long could not be ended; it is tried again: {Reason}")]
        public static partial void NotExpired(ILogger logger, string reason);
    }
}
