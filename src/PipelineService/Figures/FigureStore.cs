using System.Data;
using Dapper;
using Npgsql;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Figures;

/// <summary>The figures in the database.</summary>
internal sealed class FigureStore(Database database)
{
    /// <summary>Entries of a round, and rows of each table that a round clears away.</summary>
    public const int BatchMax = 10_000;

    /// <summary>
    /// Puts what jobs have added where it is kept, in one transaction; a round that died is as if it had never been. Another instance may
    /// be at it: then it is left to that.
    /// </summary>
    /// <returns>How many entries are gathered.</returns>
    public Task<long> GatherAsync(CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, token);
            long gathered = await connection.ExecuteScalarAsync<long>(
                new CommandDefinition(FigureSql.Gather, new { batch = BatchMax }, transaction, cancellationToken: token));
            FaultPoints.Reach(FaultPoint.FiguresGathering);
            await transaction.CommitAsync(token);
            return gathered;
        },
        cancellationToken);

    /// <summary>Removes some of what is kept no longer.</summary>
    /// <returns>How many rows went.</returns>
    public Task<long> CleanAsync(DateTime before, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteScalarAsync<long>(
            new CommandDefinition(FigureSql.Clean, new { before, batch = BatchMax }, cancellationToken: token)),
        cancellationToken);

    /// <summary>All three of one moment.</summary>
    public Task<FigureRows> ReadAsync(StatsQuestion question, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, token);
            FigureSum[] sums =
                [.. await connection.QueryAsync<FigureSum>(Command(FigureSql.Sums, question.Values([]), transaction, token))];
            (string, string)[] groups =
                [.. sums.Where(sum => sum.Rank <= question.Limit).Select(sum => (sum.Dataset, sum.Source)).Distinct()];
            DynamicParameters values = question.Values(groups);
            return new FigureRows(
                sums,
                [.. await connection.QueryAsync<FigureReject>(Command(FigureSql.Rejects, values, transaction, token))],
                [.. await connection.QueryAsync<FigureLatency>(Command(FigureSql.Latencies, values, transaction, token))]);
        },
        cancellationToken);

    private static CommandDefinition Command(
        string sql, DynamicParameters values, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        new(sql, values, transaction, cancellationToken: cancellationToken);
}

/// <summary>What was found: sums by group and step, and the same of codes and latencies.</summary>
internal sealed record FigureRows(FigureSum[] Sums, FigureReject[] Rejects, FigureLatency[] Latencies);

/// <param name="Rank">Of the group, the largest first, from 1.</param>
/// <param name="Step">Of the time that was asked for, from 0.</param>
internal sealed record FigureSum(
    string Dataset, string Source, long Rank, int Step, long Jobs, long Failed, long Cancelled, long Bytes, long Loaded, long Rejected,
    long Filtered, long Reverted);

internal sealed record FigureReject(string Dataset, string Source, int Step, string Code, long Records);

internal sealed record FigureLatency(string Dataset, string Source, int Step, short Bucket, long Jobs);
