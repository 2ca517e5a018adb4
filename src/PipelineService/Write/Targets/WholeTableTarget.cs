using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Tables;
using PipelineService.Datasets.Tables.Keys;
using PipelineService.Datasets.Views;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Targets;

/// <summary>
/// Rows take the place of all that the table has, in the transaction that ends their job: whoever reads sees the old ones or the new
/// ones, never neither, never both, and waits for nobody.
/// </summary>
/// <remarks>
/// The old rows are deleted. TRUNCATE would keep readers out until the end of the load, and shows those an empty table whose snapshot is
/// older; a second table under the same name would leave views, foreign keys and privileges at the first. What it costs is room: as long
/// as readers may see them, and until a vacuum, the old rows are there beside the new ones.
/// </remarks>
/// <param name="definition">The dataset's.</param>
/// <param name="owner">The job and its dataset.</param>
/// <param name="replaced">A job that is replaced by name, too; null for most.</param>
public sealed class WholeTableTarget(DatasetDefinition definition, RowsOwner owner, ReplacedJob? replaced) : AppendTarget(definition)
{
    private readonly bool _isPersonal = definition.HasPersonalData || replaced is { IsPersonal: true };
    private readonly DatasetDefinition _definition = definition;
    private long _removed;
    private long _removedOfReplaced;

    /// <inheritdoc/>
    public override CommitPolicy Commit => CommitPolicy.Job;

    /// <inheritdoc/>
    public override bool TakesJobsTogether => false;

    /// <summary>Who reads goes on; who writes waits, another that replaces the rows among them: so they come one after the other.</summary>
    /// <inheritdoc/>
    public override string Lock => ReplaceSql.LockAgainstWriters(Table);

    /// <inheritdoc/>
    public override IReadOnlyList<NpgsqlBatchCommand> FinishStatements =>
    [
        new(ReplaceSql.EndRows)
        {
            Parameters =
            {
                new() { Value = owner.Dataset },
                new() { Value = Table.Quoted },
                new() { Value = owner.Job },
                new() { Value = _removed },
                new() { Value = replaced is null ? DBNull.Value : replaced.Id, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid },
            },
        },
        .. replaced is null ? [] : (NpgsqlBatchCommand[])
        [
            new(WriteSql.EndReplacement)
            {
                Parameters = { new() { Value = replaced.Id }, new() { Value = owner.Job }, new() { Value = _removedOfReplaced } },
            },
        ],
    ];

    /// <inheritdoc/>
    public override int SessionsMax(TableShape? table) => 1;

    /// <summary>Removes the old rows first: their keys are free for the new ones.</summary>
    /// <inheritdoc/>
    public override Task PrepareAsync(JobLoad load, Database database, CancellationToken cancellationToken) =>
        load.Sessions.PrepareAsync(database, RemoveAsync, cancellationToken);

    /// <summary>
    /// Looks whether those who refer to the table still find what they refer to, and keeps a copy for those who look it up.
    /// </summary>
    /// <inheritdoc/>
    public override async Task ConcludeAsync(JobLoad load, WriteSession session, CancellationToken cancellationToken)
    {
        RecordCounts counts = load.Counts;
        if (counts is { Loaded: 0, Rejected: > 0 })
        {
            throw new JobFaultException(TargetProblems.NothingLeft(counts.Rejected));
        }

        try
        {
            await session.DoUnhurriedAsync(
                async (connection, token) =>
                {
                    await connection.ExecuteAsync(Command(ReplaceSql.CheckConstraints, null, token));
                    if (_definition.Lookup is { } lookup)
                    {
                        FaultPoints.Reach(FaultPoint.LookupCopying);
                        await LookupCopy.MakeAsync(connection, _definition, lookup, owner, token);
                        FaultPoints.Reach(FaultPoint.LookupCopied);
                    }

                    return true;
                },
                cancellationToken);
        }
        catch (PostgresException e) when (!SqlFaults.MayPass(e))
        {
            throw new JobFaultException(TargetProblems.NotReplaced(Table, RefusalText.Statement(e, _isPersonal)));
        }
    }

    private async Task RemoveAsync(WriteSession session, CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.ReplacedRowsRemoving);
        try
        {
            _removed = await session.DoUnhurriedAsync(RemoveAsync, cancellationToken);
        }
        catch (PostgresException e) when (!SqlFaults.MayPass(e))
        {
            throw new JobFaultException(TargetProblems.NotReplaced(Table, RefusalText.Statement(e, _isPersonal)));
        }

        FaultPoints.Reach(FaultPoint.ReplacedRowsRemoved);
    }

    private async Task<long> RemoveAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // 1. Of several uploads the one that came last has the last word, in whichever order they are loaded.
        if (await connection.ExecuteScalarAsync<Guid?>(Command(
            ReplaceSql.FindLater, new { owner.Dataset, owner.Job }, cancellationToken)) is { } later)
        {
            throw new JobFaultException(TargetProblems.Superseded(later));
        }

        // 2. Rows of other tables must not go with those that they refer to.
        string[] sentences = [.. await ReferringKeys.FaultsOfAsync(connection, Table, cancellationToken)];
        if (sentences.Length > 0)
        {
            throw new JobFaultException(TargetProblems.NotReplaced(Table, string.Join(' ', sentences)));
        }

        await ReferringKeys.DeferAsync(connection, Table, cancellationToken);

        // 3. The rows; those of a job that is replaced by name may be elsewhere.
        _removedOfReplaced = replaced is null ? 0 : await replaced.RemoveAsync(connection, cancellationToken);
        long removed = await connection.ExecuteAsync(Command(ReplaceSql.DeleteAll(Table), null, cancellationToken));
        await ViewRows.ClearAsync(connection, Table, cancellationToken);

        // 4. A trigger or a rule may have kept some.
        return await connection.ExecuteScalarAsync<bool>(Command(ReplaceSql.MayKeepRows, new { table = Table.Quoted }, cancellationToken))
            && await connection.ExecuteScalarAsync<bool>(Command(TableSql.HasRows(Table), null, cancellationToken))
                ? throw new JobFaultException(TargetProblems.NotReplaced(
                    Table, "A trigger or a rule of the table keeps rows that are to be removed."))
                : removed + _removedOfReplaced;
    }

    private static CommandDefinition Command(string sql, object? values, CancellationToken cancellationToken) =>
        new(sql, values, commandTimeout: 0, cancellationToken: cancellationToken);
}
