using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Tables.Keys;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.Http;
using PipelineService.Write.Targets;

namespace PipelineService.Jobs.Requests;

/// <summary>
/// Takes back a job whose rows took the place of all others: what was there before is there again, in one transaction, as far as it is
/// kept. It is where others look the dataset up, and where there was nothing.
/// </summary>
/// <param name="dataset">The dataset.</param>
/// <param name="definition">Of its version that the job was loaded under.</param>
/// <param name="connection">In a transaction.</param>
internal sealed class WholeTableRevert(string dataset, DatasetDefinition definition, NpgsqlConnection connection)
{
    private readonly TableName _table = definition.Load.Table;

    /// <summary>Nobody writes to the table meanwhile; before the row of the job is locked, as a load does it in this order.</summary>
    public Task LockAsync(CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Command(ReplaceSql.LockAgainstWriters(_table), null, cancellationToken));

    /// <summary>Whether the rows that are there are the job's.</summary>
    public async Task<CurrentRows?> FindAsync(Guid job, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<CurrentRows>(Command(
            WholeTableSql.FindCurrent, new { dataset, job }, cancellationToken));

    /// <returns>How many rows were removed, or why none was.</returns>
    public async Task<(long Rows, Problem? Problem)> RunAsync(Guid job, CurrentRows current, CancellationToken cancellationToken)
    {
        if (current is { Former: { } gone, HasCopy: false })
        {
            return (0, JobProblems.FormerRowsGone(gone, current.IsUploadKept));
        }

        if (current is { Former: null, BeganEmpty: false })
        {
            return (0, JobProblems.FormerRowsGone(null, isKept: false));
        }

        if (await ReferringKeys.FaultsOfAsync(connection, _table, cancellationToken) is [var fault, ..])
        {
            return (0, JobProblems.RevertRefused(fault));
        }

        long all = await CountAsync("");
        long own = definition.Load.Lineage ? await CountAsync($" WHERE {Identifier.Quote(LineageColumns.Job)} = @job") : current.Rows;
        if (own != all)
        {
            return (0, JobProblems.RowsOfOthers(_table.ToString()));
        }

        await ReferringKeys.DeferAsync(connection, _table, cancellationToken);
        long removed = await connection.ExecuteAsync(Command(ReplaceSql.DeleteAll(_table), null, cancellationToken));
        if (current.Former is { } former)
        {
            await RestoreAsync(former, cancellationToken);
        }

        await ViewRows.RefillAsync(connection, _table, definition.Load.Lineage, cancellationToken);
        await connection.ExecuteAsync(Command(ReplaceSql.CheckConstraints, null, cancellationToken));
        await connection.ExecuteAsync(Command(
            current.Former is null ? WholeTableSql.Forget : WholeTableSql.BringBack, new { dataset, job, former = current.Former },
            cancellationToken));
        return (removed, null);

        Task<long> CountAsync(string which) => connection.ExecuteScalarAsync<long>(Command(
            $"SELECT count(*) FROM {_table.Quoted}{which}", new { job }, cancellationToken));
    }

    /// <summary>The columns that both have; those that have come since take their defaults.</summary>
    private async Task RestoreAsync(Guid former, CancellationToken cancellationToken)
    {
        string copy = LookupSql.TableOf(former);
        string[] columns = [.. await connection.QueryAsync<string>(Command(
            WholeTableSql.SharedColumns, new { table = _table.Quoted, copy }, cancellationToken))];
        string list = string.Join(", ", columns.Select(Identifier.Quote));
        await connection.ExecuteAsync(Command(
            $"INSERT INTO {_table.Quoted} ({list}) OVERRIDING SYSTEM VALUE SELECT {list} FROM {copy}", null, cancellationToken));
    }

    private static CommandDefinition Command(string sql, object? values, CancellationToken cancellationToken) =>
        new(sql, values, commandTimeout: 0, cancellationToken: cancellationToken);
}

/// <summary>That the rows of a table are those of a job, and what is known of those before.</summary>
/// <param name="Former">The job whose rows were there before; null: none of its dataset.</param>
/// <param name="BeganEmpty">Whether there were none at all.</param>
/// <param name="HasCopy">Whether the rows of before are kept.</param>
/// <param name="IsUploadKept">Whether the upload of before is kept.</param>
/// <param name="Rows">How many rows the job has loaded.</param>
internal sealed record CurrentRows(Guid? Former, bool BeganEmpty, bool HasCopy, bool IsUploadKept, long Rows);
