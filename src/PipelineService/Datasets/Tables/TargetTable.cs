using System.Collections.Immutable;
using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Tables;

/// <summary>The table that a dataset's rows go to: made, grown by columns, or only looked at.</summary>
public static class TargetTable
{
    /// <summary>
    /// Inside the caller's transaction, makes the table when it is missing and grows it when it is the service's own.
    /// </summary>
    /// <remarks>
    /// A column that is added to a table with rows stays nullable even when its field is required: the rows that are there
    /// have no value for it. New records are held to the rule before they reach the table.
    /// No index on the lineage columns: it would slow every load down for the sake of a rare revert, which can scan.
    /// </remarks>
    /// <returns>Null, or why the table cannot take such rows; then nothing was changed.</returns>
    internal static async Task<Problem?> PrepareAsync(
        NpgsqlConnection connection, string dataset, DatasetDefinition definition, CancellationToken cancellationToken)
    {
        TableName table = definition.Load.Table;
        await connection.ExecuteAsync(new CommandDefinition(
            TableSql.Lock, new { table = table.Quoted }, cancellationToken: cancellationToken));

        if (await LookAsync(connection, table, cancellationToken) is not TableShape shape)
        {
            return await CreateAsync(connection, dataset, definition, cancellationToken);
        }

        var comparison = TableComparison.AtDeclaration(definition, shape);
        if (comparison.Contradictions.Count > 0)
        {
            return DatasetProblems.TableMismatch(table.ToString(), comparison.Contradictions);
        }

        if (!comparison.ColumnsToAdd.IsEmpty)
        {
            await GrowAsync(connection, table, comparison.ColumnsToAdd, cancellationToken);
        }

        return null;
    }

    /// <summary>The table as it is now, or null when there is none. Nothing keeps it so.</summary>
    public static async Task<TableShape?> LookAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(connection) { BatchCommands = { Look(table) } };
        return await batch.ExecuteScalarAsync(cancellationToken) is string json ? TableShape.Parse(json) : null;
    }

    /// <summary>The look as part of a batch: one row, or none; <see cref="TableShape.Parse"/> reads it.</summary>
    public static NpgsqlBatchCommand Look(TableName table) => new(TableSql.Look)
    {
        Parameters = { new() { Value = table.Schema }, new() { Value = table.Name } },
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

        string create = TableSql.Create(table, TableShape.ColumnsOf(definition), definition.Schema.PrimaryKey);
        await ExecuteAsync(connection, create, cancellationToken);
        await ExecuteAsync(connection, TableSql.Mark(table, dataset), cancellationToken);
        return null;
    }

    private static async Task GrowAsync(
        NpgsqlConnection connection, TableName table, ImmutableArray<ColumnShape> columns, CancellationToken cancellationToken)
    {
        // Locked before the look: a load that commits in between would make an empty table one with rows.
        await ExecuteAsync(connection, TableSql.LockExclusively(table), cancellationToken);
        bool hasRows = await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(TableSql.HasRows(table), cancellationToken: cancellationToken));
        IEnumerable<ColumnShape> added = columns.Select(c => c with { IsNotNull = c.IsNotNull && !hasRows });
        await ExecuteAsync(connection, TableSql.Grow(table, added), cancellationToken);
    }

    private static Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: cancellationToken));
}
