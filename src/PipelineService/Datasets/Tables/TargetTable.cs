using System.Collections.Immutable;
using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Tables.Keys;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Tables;

/// <summary>The table that a dataset's rows go to: made, grown by columns, or only looked at.</summary>
public static class TargetTable
{
    /// <summary>
    /// Inside the caller's transaction, makes the table when it is missing and grows it when it is the service's own.
    /// </summary>
    /// <remarks>
    /// A column of a table with rows stays nullable even when its field is required: rows that are there may have no value for
    /// it. New records are held to the rule before they reach the table. The answer says so. No index on the lineage columns:
    /// it would slow every load down for the sake of a rare revert. One of BRIN, however small it is, costs PostgreSQL a third
    /// more time for each row; where the rows of a job are stands in its row instead.
    /// </remarks>
    internal static async Task<PreparedTable> PrepareAsync(
        NpgsqlConnection connection, string dataset, DatasetDefinition definition, CancellationToken cancellationToken)
    {
        TableName table = definition.Load.Table;
        await connection.ExecuteAsync(new CommandDefinition(
            TableSql.Lock, new { table = table.Quoted }, cancellationToken: cancellationToken));

        DefinitionFaults faults = new();
        ImmutableArray<WantedReference> references =
            await ReferenceResolver.ResolveAsync(connection, definition, faults, cancellationToken);
        if (faults.Any)
        {
            return PreparedTable.Refused(DatasetProblems.InvalidDefinition(faults.ToErrors()));
        }

        TableShape? shape = await LookAsync(connection, table, cancellationToken);
        if (shape is null)
        {
            if (await CreateAsync(connection, dataset, definition, cancellationToken) is Problem refusal)
            {
                return PreparedTable.Refused(refusal);
            }

            shape = (await LookAsync(connection, table, cancellationToken))!;
        }

        Dictionary<string, string[]> shared =
            await ReplacedTable.FaultsOfAsync(connection, dataset, definition, shape, cancellationToken);
        if (shared.Count > 0)
        {
            return PreparedTable.Refused(DatasetProblems.InvalidDefinition(shared));
        }

        var comparison = TableComparison.AtDeclaration(definition, shape);
        var keys = new KeyComparison(definition, references, shape);
        if (comparison.Contradictions.Count + keys.Contradictions.Count > 0)
        {
            return PreparedTable.Refused(DatasetProblems.TableMismatch(
                table.ToString(), new OrderedDictionary<string, string[]>(comparison.Contradictions.Concat(keys.Contradictions))));
        }

        bool hasRows = await AlterAsync(connection, table, comparison, cancellationToken);
        shape = comparison.ColumnsToAdd.IsEmpty ? shape : (await LookAsync(connection, table, cancellationToken))!;
        return await new KeyWriter(connection, table, cancellationToken).AddAsync(keys, shape) is Problem obstacle
            ? PreparedTable.Refused(obstacle)
            : PreparedTable.With(definition, comparison, keys, hasRows);
    }

    /// <summary>The table as it is now, or null when there is none. Nothing keeps it so.</summary>
    public static async Task<TableShape?> LookAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(connection) { BatchCommands = { Look(table, isLocked: false) } };
        return await batch.ExecuteScalarAsync(cancellationToken) is string json ? TableShape.Parse(json) : null;
    }

    /// <summary>The look as part of a batch: one row, or none; <see cref="TableShape.Parse"/> reads it.</summary>
    /// <param name="isLocked">Whether the transaction holds a lock on the table.</param>
    public static NpgsqlBatchCommand Look(TableName table, bool isLocked) => new(TableSql.Look)
    {
        Parameters = { new() { Value = table.Schema }, new() { Value = table.Name }, new() { Value = isLocked } },
    };

    private static async Task<Problem?> CreateAsync(
        NpgsqlConnection connection, string dataset, DatasetDefinition definition, CancellationToken cancellationToken)
    {
        TableName table = definition.Load.Table;
        if (!await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(TableSql.SchemaExists, new { table.Schema }, cancellationToken: cancellationToken)))
        {
            return TableProblems.NoSchema(table);
        }

        string create = TableSql.Create(table, TableShape.ColumnsOf(definition));
        await ExecuteAsync(connection, create, cancellationToken);
        await ExecuteAsync(connection, TableSql.Mark(table, dataset), cancellationToken);
        return null;
    }

    /// <summary>Adds what is missing, and lets required columns take no NULL any more where there are no rows yet.</summary>
    /// <returns>Whether the table has rows, if that was looked at.</returns>
    private static async Task<bool> AlterAsync(
        NpgsqlConnection connection, TableName table, TableComparison comparison, CancellationToken cancellationToken)
    {
        ImmutableArray<ColumnShape> missing = comparison.ColumnsToAdd;
        if (missing.IsEmpty && (comparison.LaxColumns.IsEmpty || await HasRowsAsync(connection, table, cancellationToken)))
        {
            return !comparison.LaxColumns.IsEmpty; // loads go on
        }

        // Locked before the look: a load that commits in between would make an empty table one with rows.
        await ExecuteAsync(connection, TableSql.LockExclusively(table), cancellationToken);
        bool hasRows = await HasRowsAsync(connection, table, cancellationToken);
        ImmutableArray<string> required = hasRows ? [] : comparison.LaxColumns;
        if (missing.Length + required.Length > 0)
        {
            IEnumerable<ColumnShape> added = missing.Select(c => c with { IsNotNull = c.IsNotNull && !hasRows });
            await ExecuteAsync(connection, TableSql.Alter(table, added, required), cancellationToken);
        }

        return hasRows;
    }

    private static Task<bool> HasRowsAsync(NpgsqlConnection connection, TableName table, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(new CommandDefinition(TableSql.HasRows(table), cancellationToken: cancellationToken));

    private static Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: cancellationToken));
}
