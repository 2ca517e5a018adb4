using System.Globalization;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Removes the jobs of this spool that ended longer ago than <see cref="JobsOptions.Keep"/>, each with its dead letters and its
/// checkpoints, and what is left of jobs that were deleted; remembers their idempotency keys, for as long as
/// <see cref="JobsOptions.KeysKeep"/> says, and lets go of their figures after <see cref="JobsOptions.FiguresKeep"/>.
/// One instance at a time, in transactions of bounded size: a job may have millions of
/// dead letters.
/// </summary>
/// <remarks>
/// Rows of jobs only of this spool: a job whose upload is still there must be known as final when the spool is looked through,
/// or it would be loaded once more, and of another spool nobody here can tell.
/// </remarks>
public sealed partial class JobCleaner(
    Database database, ISpool spool, IOptions<JobsOptions> options, TimeProvider time, ILogger<JobCleaner> logger)
    : BackgroundService
{
    /// <summary>With the bounds below, 1,000,000 rows a minute at most, of all instances together.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    internal const int JobsAtOnce = 100;
    internal const int RowsAtOnce = 10_000;
    private const int TransactionsMax = 100;

    private readonly GrowthSignal _deleted = new();

    /// <summary>A job was deleted: its records are not kept until the next time.</summary>
    public void Wake() => _deleted.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Task deleted = _deleted.Next;
        try
        {
            while (true)
            {
                await Task.WhenAny(deleted, Task.Delay(Interval, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
                deleted = _deleted.Next; // before looking: what is deleted meanwhile is seen now or the next time
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
        DateTimeOffset before = time.GetUtcNow() - options.Value.Keep;
        int deleted = await CleanAsync(JobCleanerSql.FindDeleted, before, cancellationToken);
        int due = options.Value.Keep == TimeSpan.Zero ? 0 : await CleanAsync(JobCleanerSql.FindDue, before, cancellationToken);
        await database.RunPatientlyAsync(
            (connection, token) => connection.ExecuteAsync(new CommandDefinition(
                JobCleanerSql.ForgetSomeKeys, new { now = time.GetUtcNow().UtcDateTime, limit = RowsAtOnce }, cancellationToken: token)),
            cancellationToken);
        DateTime forgotten = (time.GetUtcNow() - options.Value.FiguresKeep).UtcDateTime;
        await database.RunPatientlyAsync(
            (connection, token) => connection.ExecuteAsync(new CommandDefinition(
                JobCleanerSql.ForgetSomeFigures, new { before = forgotten, limit = RowsAtOnce }, cancellationToken: token)),
            cancellationToken);
        if (due > 0)
        {
            Log.Cleaned(logger, due, before.UtcDateTime);
        }

        return deleted + due;
    }

    private async Task<int> CleanAsync(string find, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var progress = new Progress(Guid.Empty, Jobs: 0, IsDone: false);
        for (int i = 0; i < TransactionsMax && !progress.IsDone; i++)
        {
            Progress last = progress;
            progress = await database.RunPatientlyAsync(
                (connection, token) => CleanSomeAsync(connection, find, before, last, token), cancellationToken);
        }

        return progress.Jobs;
    }

    /// <summary>
    /// One transaction: the rows that belong to some jobs that are to go, and those jobs when nothing of them is left.
    /// </summary>
    private async Task<Progress> CleanSomeAsync(
        NpgsqlConnection connection, string find, DateTimeOffset before, Progress last, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Command(JobCleanerSql.TryLock, null)))
        {
            return last with { IsDone = true }; // another instance is at it
        }

        Found[] found = [.. await connection.QueryAsync<Found>(Command(find, new
        {
            spool = spool.Id,
            after = last.After,

            // Ids are UUIDv7: they sort by the time at which their jobs began, so the oldest need no index of their own.
            youngest = Guid.CreateVersion7(before),
            before = before.UtcDateTime,
            limit = JobsAtOnce,
        }))];
        Guid[] unheld = await found.Where(job => job.IsOurs).ToAsyncEnumerable()
            .Where(async (job, token) => !await spool.HoldsAsync(job.Id, token)).Select(job => job.Id)
            .ToArrayAsync(cancellationToken);
        Guid[] ids = find == JobCleanerSql.FindDeleted ? [.. found.Select(job => job.Id)] : unheld;
        int rows = await connection.ExecuteAsync(
            Command(JobCleanerSql.DeleteSomeDeadLetters, new { ids, limit = RowsAtOnce }));
        rows += await connection.ExecuteAsync(
            Command(JobCleanerSql.DeleteSomeChunks, new { ids, limit = RowsAtOnce - rows }));
        bool isMoreOfThem = rows == RowsAtOnce;
        if (!isMoreOfThem && find == JobCleanerSql.FindDue)
        {
            await connection.ExecuteAsync(Command(
                JobCleanerSql.RememberKeys, new { ids = unheld, keysKeep = options.Value.KeysKeep, now = time.GetUtcNow().UtcDateTime }));
        }

        int jobs = isMoreOfThem ? 0 : await connection.ExecuteAsync(Command(JobCleanerSql.DeleteFinal, new { ids = unheld }));
        if (jobs > 0 && find == JobCleanerSql.FindDue)
        {
            var entry = AuditEntry.Of(
                AuditActor.Service, AuditActions.JobsExpire, time.GetDatabaseNow(), "jobs", dataset: null,
                ("jobs", jobs), ("endedBefore", before.ToString("u", CultureInfo.InvariantCulture)));
            await AuditWriter.WriteAsync(connection, [entry], cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return isMoreOfThem
            ? last
            : new Progress(found.LastOrDefault()?.Id ?? default, last.Jobs + jobs, IsDone: found.Length < JobsAtOnce);

        CommandDefinition Command(string sql, object? parameters) =>
            new(sql, parameters, transaction, cancellationToken: cancellationToken);
    }

    /// <param name="IsOurs">Whether its upload was in this spool.</param>
    private sealed record Found(Guid Id, bool IsOurs);

    /// <param name="After">The last job that was looked at.</param>
    /// <param name="Jobs">How many were removed.</param>
    private sealed record Progress(Guid After, int Jobs, bool IsDone);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Removed {Jobs} jobs that had ended before {Before:u} (Jobs:Keep).")]
        public static partial void Cleaned(ILogger logger, int jobs, DateTime before);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Jobs that are old enough, or deleted, could not be removed; it is tried again: {Reason}")]
        public static partial void NotCleaned(ILogger logger, string reason);
    }
}
