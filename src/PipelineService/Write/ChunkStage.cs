using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;

namespace PipelineService.Write;

/// <summary>
/// Finds the rows of a chunk that the database refuses, and loads all others. The rows go into a temporary table; a screen
/// over the table's constraints splits them; those not suspected are copied at once, the suspects are inserted one by one,
/// where each refusal is caught with its reason.
/// </summary>
/// <remarks>
/// One row by one row costs some 15 µs each, so it is kept for suspects. When the screen misses something (a trigger, an
/// exclusion constraint, an expression index) or cannot be run (a check that divides by zero), every row of the chunk is
/// inserted by itself: slow, but right.
/// </remarks>
public sealed class ChunkStage(NpgsqlConnection connection, JobLoadPlan plan)
{
    internal const string Table = "pg_temp.\"_pipeline_stage\"";
    internal const string OrdColumn = "\"_pipeline_ord\"";

    private readonly string _target = plan.Rows.Definition.Load.Table.Quoted;
    private readonly string _columns = WriteSql.ColumnList(plan.Rows);
    private TargetConstraints? _constraints;

    /// <summary>
    /// Loads what the database accepts of a chunk. The transaction stands at the chunk's savepoint and afterwards holds the
    /// accepted rows.
    /// </summary>
    /// <returns>The refused rows, in the order of the data.</returns>
    public async Task<IReadOnlyList<RefusedRow>> LoadAsync(RowBuffer rows, CancellationToken cancellationToken)
    {
        _constraints ??= await TargetConstraints.ReadAsync(connection, plan.Rows, cancellationToken);
        await FillAsync(rows, cancellationToken);

        int[] suspects;
        await ExecuteAsync("SAVEPOINT screened", cancellationToken);
        try
        {
            suspects = _constraints.ScreenSql is string screen ? await ReadOrdsAsync(screen, cancellationToken) : [];
            await CopyOthersAsync(rows, suspects, cancellationToken);
        }
        catch (PostgresException e) when (!SinkFault.Is(e))
        {
            await ExecuteAsync("ROLLBACK TO SAVEPOINT screened", cancellationToken);
            suspects = [.. Enumerable.Range(1, rows.Count)];
        }

        return await InsertSuspectsAsync(suspects, cancellationToken);
    }

    /// <summary>
    /// In the order of the data. Where the table refers to itself, a row may wait for a later one: those without their parent
    /// are tried again, last first, for as long as that loads any.
    /// </summary>
    private async Task<IReadOnlyList<RefusedRow>> InsertSuspectsAsync(int[] suspects, CancellationToken cancellationToken)
    {
        List<RefusedRow> refused = await InsertOneByOneAsync(suspects, cancellationToken);
        while (_constraints!.IsSelfReferencing)
        {
            int[] orphans = [.. refused.Where(IsOrphan).Select(row => row.Index + 1).Reverse()];
            List<RefusedRow> still = await InsertOneByOneAsync(orphans, cancellationToken);
            if (still.Count == orphans.Length)
            {
                break;
            }

            refused = [.. refused.Where(row => !IsOrphan(row)).Concat(still).OrderBy(row => row.Index)];
        }

        return refused;

        static bool IsOrphan(RefusedRow row) => row.Code == RecordErrorCode.ForeignKey;
    }

    // The columns take the definition's types: a domain that the table has meanwhile would refuse rows here already.
    private async Task FillAsync(RowBuffer rows, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            $"""
            DROP TABLE IF EXISTS {Table};
            CREATE TEMPORARY TABLE "_pipeline_stage" ON COMMIT DROP AS
            SELECT {WriteSql.StageColumns(plan.Rows)} FROM {_target} WITH NO DATA;
            ALTER TABLE {Table} ADD COLUMN {OrdColumn} integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY
            """,
            cancellationToken);
        await ChunkCopy.SendAsync(connection, WriteSql.Copy(Table, _columns), rows.CopyBytes, cancellationToken);
    }

    private Task CopyOthersAsync(RowBuffer rows, int[] suspects, CancellationToken cancellationToken) =>
        ChunkCopy.SendExceptAsync(connection, WriteSql.Copy(_target, _columns), rows, suspects, cancellationToken);

    private async Task<List<RefusedRow>> InsertOneByOneAsync(int[] ords, CancellationToken cancellationToken)
    {
        List<RefusedRow> refused = [];
        if (ords.Length == 0)
        {
            return refused;
        }

        await using NpgsqlCommand command = new(
            "SELECT ord, state, message, constraint_name, column_name FROM pipeline.insert_one_by_one($1, $2, $3, $4)",
            connection)
        {
            Parameters =
            {
                new() { Value = _target },
                new() { Value = _columns },
                new() { Value = Table },
                new() { Value = ords },
            },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            // Diagnostics that do not apply are empty, not null.
            string constraint = reader.GetString(3);
            string column = reader.GetString(4);
            refused.Add(new RefusedRow(
                reader.GetInt32(0) - 1,
                RefusedRow.CodeOf(reader.GetString(1)),
                column.Length > 0 ? column : _constraints!.ColumnOf(constraint),
                reader.GetString(2)));
        }

        return refused;
    }

    private async Task<int[]> ReadOrdsAsync(string sql, CancellationToken cancellationToken)
    {
        List<int> ords = [];
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ords.Add(reader.GetInt32(0));
        }

        return [.. ords];
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
