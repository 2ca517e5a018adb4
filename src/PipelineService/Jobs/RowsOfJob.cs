using Dapper;
using Npgsql;
using NpgsqlTypes;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Tables;
using PipelineService.Datasets.Views;

namespace PipelineService.Jobs;

/// <summary>What is known of the rows that a job has loaded.</summary>
/// <param name="Rows">How many landed.</param>
/// <param name="File">The file of the table at that time; null when it is not known where they are.</param>
/// <param name="First">Blocks that the table had before them.</param>
/// <param name="Until">Blocks that it had behind them.</param>
public sealed record LandedRows(bool IsReverted, long Rows, long? File, long? First, long? Until);

/// <summary>
/// Removes the rows of a job from its table, found by their lineage. No index tells where they are: each load would pay a third
/// more of PostgreSQL's time for it. But rows land at the end of a table, and where its end was is written in the row of the
/// job: so it is looked there first, then in growing pieces before it, where a session may have had a page that was not full,
/// and only when not all of them are there in the rest.
/// </summary>
internal static class RowsOfJob
{
    private const long FirstPiece = 256;
    private const long LastPiece = 32_768;

    /// <summary>What an end sets of <see cref="Place"/>.</summary>
    public const string PlaceColumns = "rows_file = place.file, rows_from = place.first, rows_until = place.until";

    /// <summary>
    /// Where the rows of the transaction that ends a job lie, as a row named <c>place</c>; none where that is not known.
    /// </summary>
    /// <param name="table">The parameters of <see cref="PlaceOf"/>.</param>
    public static string Place(string table, string file, string first) => $"""
        (SELECT {file}::bigint AS file, {first}::bigint AS first, until
         FROM (SELECT pg_relation_size(to_regclass({table})) / current_setting('block_size')::bigint AS until) size
         WHERE pg_relation_filenode(to_regclass({table})) = {file}::bigint AND until >= {first}::bigint) place
        """;

    /// <summary>The table, its file, and how many blocks that had before the first of the rows.</summary>
    public static NpgsqlParameter[] PlaceOf(TableName table, TablePlace? beginning) =>
    [
        new() { Value = table.Quoted },
        new() { Value = beginning is { } file ? file.File : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
        new() { Value = beginning is { } place ? place.Blocks : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint },
    ];

    /// <returns>How many rows were removed.</returns>
    public static async Task<long> DeleteAsync(
        NpgsqlConnection connection, TableName table, Guid job, LandedRows landed, CancellationToken cancellationToken)
    {
        long deleted = await DeleteRowsAsync(connection, table, job, landed, cancellationToken);
        await ViewRows.RemoveJobAsync(connection, table, job, deleted, cancellationToken);
        return deleted;
    }

    private static async Task<long> DeleteRowsAsync(
        NpgsqlConnection connection, TableName table, Guid job, LandedRows landed, CancellationToken cancellationToken)
    {
        long deleted = 0;
        if (landed is { File: { } file, First: { } first, Until: { } until }
            && file == await connection.ExecuteScalarAsync<long?>(Command(
                "SELECT pg_relation_filenode(to_regclass(@table))::bigint", new { table = table.Quoted })))
        {
            foreach ((long from, long to) in Pieces(first, until))
            {
                deleted += await connection.ExecuteAsync(Command(DeleteBetween(table, from, to), new { job }));
                if (deleted >= landed.Rows)
                {
                    return deleted;
                }
            }
        }

        return deleted + await connection.ExecuteAsync(Command(Delete(table), new { job }));

        CommandDefinition Command(string sql, object values) =>
            new(sql, values, commandTimeout: 0, cancellationToken: cancellationToken);
    }

    /// <summary>Where to look, from block to block, the likeliest first: the page at the end may have had room.</summary>
    internal static IEnumerable<(long From, long To)> Pieces(long first, long until)
    {
        (long from, long to) = (Math.Max(0, first - 1), until);
        yield return (from, to);
        for (long piece = FirstPiece; piece <= LastPiece && from > 0; piece *= 8)
        {
            (from, to) = (Math.Max(0, from - piece), from);
            yield return (from, to);
        }
    }

    internal static string DeleteBetween(TableName table, long from, long to) =>
        $"{Delete(table)} AND ctid >= '({from},0)'::tid AND ctid < '({to},0)'::tid";

    private static string Delete(TableName table) =>
        $"DELETE FROM {table.Quoted} WHERE {Identifier.Quote(LineageColumns.Job)} = @job";
}
