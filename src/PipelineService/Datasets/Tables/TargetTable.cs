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

        if (await FindAsync(connection, table, cancellationToken) is not TableShape shape)
        {
            return await CreateAsync(connection, dataset, definition, cancellationToken);
        }

        var comparison = TableComparison.Of(definition, shape);
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

    /// <summary>What the table may refuse rows for; null when there is no such table.</summary>
    public static async Task<TableDescription?> DescribeAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        if (await FindRelationAsync(connection, table, cancellationToken) is not RelationRow relation)
        {
            return null;
        }

        ImmutableArray<UniqueIndex> indexes = await FindUniqueIndexesAsync(connection, relation.Oid, cancellationToken);
        ChecksRow checks = await connection.QuerySingleAsync<ChecksRow>(
            new CommandDefinition(TableSql.FindChecks, new { relation.Oid }, cancellationToken: cancellationToken));
        return new TableDescription(indexes, checks.HasForeignKeys, checks.HasChecks, checks.HasTriggers);
    }

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

    private static async Task<TableShape?> FindAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        if (await FindRelationAsync(connection, table, cancellationToken) is not RelationRow relation)
        {
            return null;
        }

        IEnumerable<ColumnShape> columns = await connection.QueryAsync<ColumnShape>(
            new CommandDefinition(TableSql.FindColumns, new { relation.Oid }, cancellationToken: cancellationToken));
        return new TableShape(
            relation, [.. columns], await FindUniqueIndexesAsync(connection, relation.Oid, cancellationToken));
    }

    private static Task<RelationRow?> FindRelationAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<RelationRow>(new CommandDefinition(
            TableSql.FindTable, new { table.Schema, table.Name }, cancellationToken: cancellationToken));

    private static async Task<ImmutableArray<UniqueIndex>> FindUniqueIndexesAsync(
        NpgsqlConnection connection, long oid, CancellationToken cancellationToken) =>
    [
        .. from row in await connection.QueryAsync<UniqueIndexRow>(
            new CommandDefinition(TableSql.FindUniqueIndexes, new { oid }, cancellationToken: cancellationToken))
           select new UniqueIndex(row.Name, row.IsPrimary, row.IsPlain, [.. (string[])row.Columns]),
    ];

    private static Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: cancellationToken));

    /// <param name="Columns">Array, because that is the type that the driver names before it reads.</param>
    private sealed record UniqueIndexRow(string Name, bool IsPrimary, bool IsPlain, Array Columns);

    private sealed record ChecksRow(bool HasForeignKeys, bool HasChecks, bool HasTriggers);
}
