using Dapper;
using Npgsql;
using PipelineService.Datasets.Lookups;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Removes the versions of datasets that nobody looks up any more: not the current one, not the one before, which a revert brings back,
/// and none that an unfinished job has pinned. One after the other, each in its transaction, whichever instance comes first.
/// </summary>
public sealed partial class LookupCleaner(Database database, TimeProvider time, ILogger<LookupCleaner> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>So many at a time, of all instances together: what is more waits for the next time.</summary>
    private const int VersionsMax = 100;

    private readonly GrowthSignal _replaced = new();

    /// <summary>A job has ended that replaced rows, or that had pinned some.</summary>
    public void Wake() => _replaced.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Task replaced = _replaced.Next;
        try
        {
            while (true)
            {
                await Task.WhenAny(replaced, Task.Delay(Interval, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
                replaced = _replaced.Next; // before looking: what ends meanwhile is seen now or the next time
                await CleanOrTellAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "Whatever it is, the next time tries again.")]
    private async Task CleanOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CleanAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.NotCleaned(logger, e.Message);
        }
    }

    /// <summary>Removes what nobody needs now.</summary>
    /// <returns>How many versions.</returns>
    internal async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        int removed = 0;
        Guid after = Guid.Empty;
        for (int looked = 0; looked < VersionsMax; looked++)
        {
            (Guid? next, bool isRemoved) = await database.RunPatientlyAsync(
                (connection, token) => CleanOneAsync(connection, after, token), cancellationToken);
            if (next is not { } version)
            {
                break;
            }

            after = version;
            removed += isRemoved ? 1 : 0;
        }

        return removed;
    }

    private static async Task<(Guid? Version, bool IsRemoved)> CleanOneAsync(
        NpgsqlConnection connection, Guid after, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Command("SET LOCAL lock_timeout = '1s'", null));
        if (await connection.QuerySingleOrDefaultAsync<Unneeded>(Command(LookupSql.FindUnneeded, new { after })) is not { } version)
        {
            return (null, false);
        }

        // By a statement of its own: whoever has pinned it has done so while it was current, which is long over by now.
        if (await connection.ExecuteScalarAsync<bool>(Command(
            LookupSql.IsPinned, new { version.Dataset, job = version.Job.ToString("D") })))
        {
            return (version.Job, false);
        }

        FaultPoints.Reach(FaultPoint.LookupDropping);
        await connection.ExecuteAsync(Command(LookupSql.DeleteVersion, new { version.Dataset, version.Job }));
        await connection.ExecuteAsync(Command(LookupSql.Drop(version.Job), null));
        await transaction.CommitAsync(cancellationToken);
        FaultPoints.Reach(FaultPoint.LookupDropped);
        return (version.Job, true);

        CommandDefinition Command(string sql, object? values) => new(sql, values, transaction, cancellationToken: cancellationToken);
    }

    private sealed record Unneeded(string Dataset, Guid Job);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Versions that nobody looks up any more could not be removed; it is tried again: {Reason}")]
        public static partial void NotCleaned(ILogger logger, string reason);
    }
}
