using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write;

/// <summary>
/// The temporary tables by which rows are looked at and inserted one by one: one query over the keys of the rows tells which
/// of them are doubtful; the doubtful ones are inserted row by row, where each refusal is caught with its reason.
/// </summary>
/// <remarks>
/// Row by row costs some 20 µs each, so it is kept for doubts. Each row that lands so is a subtransaction: of a refusal that
/// PL/pgSQL catches there is no other form.
/// </remarks>
public sealed class ChunkStage(WriteSession session, RowPlan plan, TimeSpan patience)
{
    /// <summary>What the constraints look at, of every row.</summary>
    internal const string Keys = "pg_temp.\"_pipeline_keys\"";

    /// <summary>As many as a table can have, less the number of a row and its place.</summary>
    private const int ColumnsMax = 1_598;

    private readonly StageTable _keys = new(session, plan, "_pipeline_keys");

    /// <summary>Whole rows.</summary>
    private readonly StageTable _rows = new(session, plan, "_pipeline_rows");

    private readonly ValueScreen _values = new(session, patience);
    private readonly string _target = plan.Definition.Load.Table.Quoted;
    private readonly string _columns = WriteSql.ColumnList(plan);

    /// <summary>Whether whole rows fit beside their number, and an INSERT does what COPY does.</summary>
    public bool CanInsertOneByOne => plan.ColumnCount <= ColumnsMax && !session.Target.HasRules;

    /// <summary>Whether the values that their types refuse can be told apart: there are such types, and they fit.</summary>
    public bool CanScreenValues => session.Target.ReadColumns.Count is > 0 and <= ColumnsMax;

    /// <summary>Tells which rows are likely to be refused, ascending.</summary>
    /// <exception cref="PostgresException">It cannot be told: a check fails to be evaluated, say.</exception>
    public async Task<int[]> ScreenAsync(RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (session.Target.ScreenSql is not string screen)
        {
            return [];
        }

        await _keys.FillAsync(rows, piece, session.Target.ScreenedColumns, cancellationToken);
        List<int> doubtful = [];
        await using NpgsqlCommand command = Command(screen);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            doubtful.Add(reader.GetInt32(0));
        }

        return [.. doubtful];
    }

    /// <inheritdoc cref="ValueScreen.FindAsync"/>
    public Task<List<RefusedRow>> ScreenValuesAsync(
        RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken) =>
        _values.FindAsync(rows, piece, cancellationToken);

    /// <summary>Inserts rows in their order, all in one statement, which tells how many of them landed.</summary>
    /// <exception cref="PostgresException">One of them is refused.</exception>
    public async Task<int> InsertTogetherAsync(RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        await _rows.FillAsync(rows, piece, columns: null, cancellationToken);
        await using NpgsqlCommand command = Command($"""
            INSERT INTO {_target} ({_columns}) OVERRIDING SYSTEM VALUE
            SELECT {_columns} FROM {_rows.Name} ORDER BY {session.Target.NumberColumn}
            """);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Inserts rows in their order, each by itself. Where the table refers to itself, a row may wait for a later one: those
    /// without their parent are tried again, last first, for as long as that loads any.
    /// </summary>
    /// <exception cref="PostgresException">Something that is no single row's, or the rows cannot be staged at all.</exception>
    public async Task InsertOneByOneAsync(
        RowBuffer rows, ArraySegment<int> piece, RowOutcome outcome, CancellationToken cancellationToken)
    {
        await _rows.FillAsync(rows, piece, columns: null, cancellationToken);
        List<Missed> missed = await InsertOneByOneAsync([.. piece], cancellationToken);
        while (session.Target.IsSelfReferencing)
        {
            int[] orphans = [.. missed.Where(row => row.IsOrphan).Select(row => row.Index).Reverse()];
            List<Missed> still = orphans.Length == 0 ? [] : await InsertOneByOneAsync(orphans, cancellationToken);
            if (still.Count(row => row.IsOrphan) == orphans.Length)
            {
                break;
            }

            missed = [.. missed.Where(row => !row.IsOrphan).Concat(still).OrderBy(row => row.Index)];
        }

        outcome.AddFiltered(missed.Count(row => row.State.Length == 0));
        foreach (Missed row in missed.Where(row => row.State.Length > 0))
        {
            outcome.Add(
                session.Target.Refusals.Of(row.Index, row.State, row.Message, row.Constraint, row.Column),
                session.Target.MayTakeLater(row.Constraint));
        }
    }

    private async Task<List<Missed>> InsertOneByOneAsync(int[] order, CancellationToken cancellationToken)
    {
        List<Missed> missed = [];
        await using NpgsqlCommand command = Command(WriteSql.InsertOneByOne);
        foreach (object value in (object[])[_target, _columns, _rows.Name, session.Target.NumberColumn, order, SqlFaults.NoRowPattern])
        {
            command.Parameters.Add(new() { Value = value });
        }

        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            missed.Add(new Missed(
                reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4)));
        }

        return missed;
    }

    private NpgsqlCommand Command(string sql) => new(sql, session.Connection) { CommandTimeout = (int)patience.TotalSeconds };

    /// <summary>A row that did not land. Diagnostics that do not apply are empty, not null.</summary>
    /// <param name="State">Its SQLSTATE; empty for a row that a trigger let fall.</param>
    private readonly record struct Missed(int Index, string State, string Message, string Constraint, string Column)
    {
        public bool IsOrphan => State == PostgresErrorCodes.ForeignKeyViolation;
    }
}
