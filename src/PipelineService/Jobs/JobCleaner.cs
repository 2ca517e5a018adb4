using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>
/// Removes the jobs of this spool that ended longer ago than <see cref="JobsOptions.Retention"/>, each with its dead
/// letters, its checkpoints and its idempotency key. One instance at a time, in transactions of bounded size: a job may
/// have millions of dead letters.
/// </summary>
/// <remarks>
/// Only of this spool: a job whose upload is still there must be known as final when the spool is looked through, or it
/// would be loaded once more, and of another spool nobody here can tell.
/// </remarks>
public sealed partial class JobCleaner(
    Database database, SpoolDirectory spool, IOptions<JobsOptions> options, TimeProvider time, ILogger<JobCleaner> logger)
    : BackgroundService
{
    /// <summary>With the bounds below, 1,000,000 rows a minute at most, of all instances together.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    internal const int JobsAtOnce = 100;
    internal const int RowsAtOnce = 10_000;
    private const int TransactionsMax = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Retention == TimeSpan.Zero)
        {
            return;
        }

        using PeriodicTimer timer = new(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await CleanOrTellAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    private async Task CleanOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CleanAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException || SpoolUnavailableException.IsFault(e))
        {
            Log.NotCleaned(logger, e.Message);
        }
    }

    /// <summary>Removes what is due now, up to the bound of one interval.</summary>
    /// <returns>How many jobs were removed; 0 also when another instance is at it.</returns>
    internal async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset before = time.GetUtcNow() - options.Value.Retention;
        var progress = new Progress(Guid.Empty, Jobs: 0, IsDone: false);
        for (int i = 0; i < TransactionsMax && !progress.IsDone; i++)
        {
            Progress last = progress;
            progress = await database.RunPatientlyAsync(
                (connection, token) => CleanSomeAsync(connection, before, last, token), cancellationToken);
        }

        if (progress.Jobs > 0)
        {
            Log.Cleaned(logger, progress.Jobs, before.UtcDateTime);
        }

        return progress.Jobs;
    }

    /// <summary>
    /// One transaction: the rows that belong to some jobs that are due, and those jobs when nothing of them is left.
    /// </summary>
    private async Task<Progress> CleanSomeAsync(
        NpgsqlConnection connection, DateTimeOffset before, Progress last, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Command(JobCleanerSql.TryLock, null)))
        {
            return last with { IsDone = true }; // another instance is at it
        }

        Guid[] due = [.. await connection.QueryAsync<Guid>(Command(JobCleanerSql.FindDue, new
        {
            spool = spool.Id,
            after = last.After,

            // Ids are UUIDv7: they sort by the time at which their jobs began, so the oldest need no index of their own.
            youngest = Guid.CreateVersion7(before),
            before = before.UtcDateTime,
            limit = JobsAtOnce,
        }))];
        Guid[] ids = [.. due.Where(id => !spool.Holds(id))];
        int rows = await connection.ExecuteAsync(
            Command(JobCleanerSql.DeleteSomeDeadLetters, new { ids, limit = RowsAtOnce }));
        rows += await connection.ExecuteAsync(
            Command(JobCleanerSql.DeleteSomeChunks, new { ids, limit = RowsAtOnce - rows }));
        bool isMoreOfThem = rows == RowsAtOnce;
        int jobs = isMoreOfThem ? 0 : await connection.ExecuteAsync(Command(JobCleanerSql.DeleteFinal, new { ids }));
        await transaction.CommitAsync(cancellationToken);
        return isMoreOfThem ? last : new Progress(due.LastOrDefault(), last.Jobs + jobs, IsDone: due.Length < JobsAtOnce);

        CommandDefinition Command(string sql, object? parameters) =>
            new(sql, parameters, transaction, cancellationToken: cancellationToken);
    }

    /// <param name="After">The last job that was looked at.</param>
    /// <param name="Jobs">How many were removed.</param>
    private sealed record Progress(Guid After, int Jobs, bool IsDone);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Removed {Jobs} jobs that had ended before {Before:u} (Jobs:Retention).")]
        public static partial void Cleaned(ILogger logger, int jobs, DateTime before);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Jobs that are old enough could not be removed; it is tried again: {Reason}")]
        public static partial void NotCleaned(ILogger logger, string reason);
    }
}
