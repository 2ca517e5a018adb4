using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Hosting;

namespace PipelineService.Write;

/// <summary>
/// Finds the rows that the database refuses, and loads all others. The rows' keys go into a temporary table; one query over
/// the table's constraints tells most refusals at once, the others are loaded in one piece, and what is in doubt is inserted
/// row by row, where each refusal is caught with its reason.
/// </summary>
/// <remarks>
/// Row by row costs some 20 µs each, so it is kept for doubts. When the screen misses something (a trigger, an exclusion
/// constraint, an expression index) or cannot be run (a check that divides by zero), every row is inserted by itself:
/// slow, but right.
/// </remarks>
public sealed class ChunkStage(NpgsqlConnection connection, JobLoadPlan plan)
{
    /// <summary>What the constraints look at, of every row.</summary>
    internal const string Keys = "pg_temp.\"_pipeline_keys\"";

    internal const string OrdColumn = "\"_pipeline_ord\"";

    /// <summary>Whole rows, those in doubt.</summary>
    private const string Stage = "pg_temp.\"_pipeline_stage\"";

    private readonly string _target = plan.Rows.Definition.Load.Table.Quoted;
    private readonly string _columns = WriteSql.ColumnList(plan.Rows);
    private readonly HashSet<string> _existing = [];
    private TargetConstraints? _constraints;

    /// <summary>Why the rows loaded last were inserted one by one, which is slow; null when they were not.</summary>
    public PostgresException? OneByOneReason { get; private set; }

    /// <summary>Loads what the database accepts of some rows. The transaction afterwards holds the accepted ones.</summary>
    /// <param name="rows">The rows of the chunk.</param>
    /// <param name="some">0-based indexes of those to load, ascending, or null for all.</param>
    /// <returns>The refused rows, in the order of the data.</returns>
    public async Task<IReadOnlyList<RefusedRow>> LoadAsync(RowBuffer rows, int[]? some, CancellationToken cancellationToken)
    {
        _constraints ??= await TargetConstraints.ReadAsync(connection, plan.Rows, cancellationToken);
        List<RefusedRow> refused = [];
        int[] doubtful;
        OneByOneReason = null;
        if (_constraints.ScreenSql is not null)
        {
            await FillAsync(Keys, rows, some, _constraints.ScreenedColumns, cancellationToken);
        }

        await ExecuteAsync("SAVEPOINT screened", cancellationToken);
        try
        {
            HashSet<int> leftOut = [];
            doubtful = await ScreenAsync(refused, leftOut, cancellationToken);
            await LoadOthersAsync(rows, some, leftOut, cancellationToken);
            await ExecuteAsync("RELEASE SAVEPOINT screened", cancellationToken);
        }
        catch (PostgresException e) when (!SqlFaults.MayPass(e))
        {
            await ExecuteAsync("ROLLBACK TO SAVEPOINT screened", cancellationToken);
            refused.Clear();
            OneByOneReason = e;
            doubtful = some ?? [.. Enumerable.Range(0, rows.Count)];
        }

        if (doubtful.Length > 0)
        {
            await FillAsync(Stage, rows, [.. doubtful.Order()], columns: null, cancellationToken);
            refused.AddRange(await InsertDoubtfulAsync(doubtful, cancellationToken));
        }

        refused.Sort(static (a, b) => a.Index.CompareTo(b.Index));
        return refused;
    }

    /// <summary>The transaction has ended, and the tables with it.</summary>
    public void Forget() => _existing.Clear();

    // The columns take the definition's types: a domain that the table has meanwhile would refuse rows here already.
    private async Task FillAsync(
        string table, RowBuffer rows, int[]? some, int[]? columns, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            _existing.Add(table)
                ? $"""
                  CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS
                  SELECT 0 AS {OrdColumn}, {WriteSql.StageColumns(plan.Rows, columns)} FROM {_target} WITH NO DATA
                  """
                : $"TRUNCATE {table}",
            cancellationToken);
        string names = columns is null
            ? _columns
            : string.Join(", ", columns.Select(c => Identifier.Quote(plan.Rows.Columns[c].Field.Name)));
        await ChunkCopy.SendNumberedAsync(
            connection, WriteSql.Copy(table, $"{OrdColumn}, {names}"), rows, some, columns, cancellationToken);
    }

    /// <param name="refused">Takes the rows that are certain to be refused.</param>
    /// <param name="leftOut">Takes the indexes of all rows that are not to be loaded in one piece.</param>
    /// <returns>The indexes of the rows that only trying can tell.</returns>
    private async Task<int[]> ScreenAsync(List<RefusedRow> refused, HashSet<int> leftOut, CancellationToken cancellationToken)
    {
        List<int> doubtful = [];
        if (_constraints!.ScreenSql is not string screen)
        {
            return [];
        }

        await using NpgsqlCommand command = new(screen, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            int index = reader.GetInt32(0);
            if (!leftOut.Add(index))
            {
                continue; // the first reason counts
            }

            if (reader.GetBoolean(3))
            {
                refused.Add(_constraints.Refusal(index, reader.GetString(1), reader.GetString(2)));
            }
            else
            {
                doubtful.Add(index);
            }
        }

        return [.. doubtful];
    }

    /// <summary>The rows not left out, in one piece.</summary>
    private Task LoadOthersAsync(RowBuffer rows, int[]? some, HashSet<int> leftOut, CancellationToken cancellationToken)
    {
        string copy = WriteSql.Copy(_target, _columns);
        return some is null
            ? ChunkCopy.SendExceptAsync(connection, copy, rows, [.. leftOut.Order()], cancellationToken)
            : ChunkCopy.SendOnlyAsync(connection, copy, rows, some.Where(index => !leftOut.Contains(index)), cancellationToken);
    }

    /// <summary>
    /// In the order of the data. Where the table refers to itself, a row may wait for a later one: those without their parent
    /// are tried again, last first, for as long as that loads any.
    /// </summary>
    private async Task<List<RefusedRow>> InsertDoubtfulAsync(int[] doubtful, CancellationToken cancellationToken)
    {
        List<RefusedRow> refused = await InsertOneByOneAsync(doubtful, cancellationToken);
        while (_constraints!.IsSelfReferencing)
        {
            int[] orphans = [.. refused.Where(IsOrphan).Select(row => row.Index).Reverse()];
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

    private async Task<List<RefusedRow>> InsertOneByOneAsync(int[] indexes, CancellationToken cancellationToken)
    {
        List<RefusedRow> refused = [];
        if (indexes.Length == 0)
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
                new() { Value = Stage },
                new() { Value = indexes },
            },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            // Diagnostics that do not apply are empty, not null.
            string constraint = reader.GetString(3);
            string column = reader.GetString(4);
            refused.Add(new RefusedRow(
                reader.GetInt32(0),
                RefusedRow.CodeOf(reader.GetString(1)),
                column.Length > 0 ? column : _constraints!.ColumnOf(constraint),
                reader.GetString(2)));
        }

        return refused;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
