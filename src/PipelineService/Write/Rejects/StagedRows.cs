using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Write.Rejects;

/// <summary>Which rows of a piece a query calls doubtful, as 0-based indexes, ascending.</summary>
/// <param name="OfKeys">Those whose key is there already, and against which nothing else speaks.</param>
/// <param name="OfAllKinds">The others.</param>
public readonly record struct Doubts(int[] OfKeys, int[] OfAllKinds)
{
    public static Doubts None { get; } = new([], []);

    public IEnumerable<int> All => OfKeys.Concat(OfAllKinds);
}

/// <summary>
/// The temporary tables by which rows are looked at and inserted otherwise than by COPY: one query over the keys of the rows
/// tells which of them are doubtful; those whose keys are there are passed over in one statement, the others are inserted row
/// by row, where each refusal is caught with its reason.
/// </summary>
public sealed class StagedRows(WriteSession session, JobLoadPlan load, TimeSpan patience)
{
    /// <summary>What the constraints look at, of every row.</summary>
    internal const string Keys = "pg_temp.\"_pipeline_keys\"";

    /// <summary>As many as a table can have, less the number of a row and its place.</summary>
    private const int ColumnsMax = 1_598;

    private readonly StageTable _keys = new(session, load, "_pipeline_keys");

    /// <summary>Whole rows.</summary>
    private readonly StageTable _rows = new(session, load, "_pipeline_rows");

    private readonly ValueScreen _values = new(session, patience);
    private readonly RowByRow _rowByRow = new(session, patience);

    /// <summary>Whether whole rows fit beside their number, and an INSERT does what COPY does.</summary>
    public bool CanInsert => load.Rows.ColumnCount <= ColumnsMax && !session.Constraints.HasRules;

    /// <summary>
    /// Whether rows can be inserted but for those whose keys are there: nothing else decides about the keys, and it can be told
    /// afterwards which have landed, because they are numbered.
    /// </summary>
    public bool CanInsertUnlessThere =>
        CanInsert && load.Target.RefusesKnownKeys && session.Constraints.HasPlainKeysOnly && load.Rows.Definition.Load.Lineage;

    /// <summary>Whether the values that their types refuse can be told apart: there are such types, and they fit.</summary>
    public bool CanScreenValues => session.Constraints.ReadColumns.Count is > 0 and <= ColumnsMax;

    /// <summary>Tells which rows are likely to be refused.</summary>
    /// <exception cref="PostgresException">It cannot be told: a check fails to be evaluated, say.</exception>
    public async Task<Doubts> ScreenAsync(RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        if (session.Constraints.ScreenSql is not string screen)
        {
            return Doubts.None;
        }

        await _keys.FillAsync(rows, piece, session.Constraints.ScreenedColumns, cancellationToken);
        List<int> ofKeys = [];
        List<int> ofAllKinds = [];
        await using NpgsqlCommand command = Command(screen);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            (reader.GetBoolean(1) ? ofKeys : ofAllKinds).Add(reader.GetInt32(0));
        }

        return new Doubts([.. ofKeys], [.. ofAllKinds]);
    }

    /// <inheritdoc cref="ValueScreen.FindAsync"/>
    public Task<List<RejectedRow>> ScreenValuesAsync(
        RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken) =>
        _values.FindAsync(rows, piece, cancellationToken);

    /// <summary>Inserts rows in their order, all in one statement, which tells how many of them landed.</summary>
    /// <exception cref="PostgresException">One of them is refused.</exception>
    public async Task<int> InsertTogetherAsync(RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        await _rows.FillAsync(rows, piece, columns: null, cancellationToken);
        await using NpgsqlCommand command = Command(InsertSql);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Inserts rows in their order, all in one statement, but for those whose key is there already, in the table or in an earlier
    /// one of them: by inserting it PostgreSQL decides about each.
    /// </summary>
    /// <returns>How many landed.</returns>
    /// <exception cref="PostgresException">One of them is refused for something else.</exception>
    public async Task<int> InsertUnlessThereAsync(
        RowBuffer rows, ArraySegment<int> piece, RowOutcome outcome, CancellationToken cancellationToken)
    {
        await _rows.FillAsync(rows, piece, columns: null, cancellationToken);
        HashSet<long> landed = [];
        await using (NpgsqlCommand command = Command(
            $"{InsertSql} ON CONFLICT DO NOTHING RETURNING {Identifier.Quote(LineageColumns.Record)}"))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                landed.Add(reader.GetInt64(0));
            }
        }

        int[] there = [.. piece.Where(index => !landed.Contains(rows.Marks[index].Record))];
        Dictionary<int, string> keys = await FindKeysAsync(there, cancellationToken);
        foreach (int index in there)
        {
            string key = keys.GetValueOrDefault(index, session.Constraints.KeyNames[0]);
            outcome.Add(
                session.Constraints.Words.Of(index, PostgresErrorCodes.UniqueViolation, message: "", key, column: null),
                session.Constraints.MayTakeLater(key));
        }

        return landed.Count;
    }

    /// <summary>Which of several keys is there: with one there is no question.</summary>
    private async Task<Dictionary<int, string>> FindKeysAsync(int[] there, CancellationToken cancellationToken)
    {
        Dictionary<int, string> names = [];
        if (there.Length > 0 && session.Constraints.FindKeySql(_rows.Name) is string find)
        {
            await using NpgsqlCommand command = Command(find);
            command.Parameters.Add(new() { Value = there });
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                names[reader.GetInt32(0)] = session.Constraints.KeyNames[reader.GetInt32(1)];
            }
        }

        return names;
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
        List<MissedRow> missed = await InsertOneByOneAsync(piece, cancellationToken);
        while (session.Constraints.IsSelfReferencing)
        {
            int[] orphans = [.. missed.Where(row => row.IsOrphan).Select(row => row.Index).Reverse()];
            List<MissedRow> still = orphans.Length == 0 ? [] : await InsertOneByOneAsync(orphans, cancellationToken);
            if (still.Count(row => row.IsOrphan) == orphans.Length)
            {
                break;
            }

            missed = [.. missed.Where(row => !row.IsOrphan).Concat(still).OrderBy(row => row.Index)];
        }

        outcome.AddFiltered(missed.Count(row => row.State.Length == 0));
        foreach (MissedRow row in missed.Where(row => row.State.Length > 0))
        {
            outcome.Add(
                session.Constraints.Words.Of(row.Index, row.State, row.Message, row.Constraint, row.Column),
                session.Constraints.MayTakeLater(row.Constraint));
        }
    }

    private Task<List<MissedRow>> InsertOneByOneAsync(IReadOnlyList<int> order, CancellationToken cancellationToken) =>
        _rowByRow.InsertAsync(Insert("WHERE ctid = $1"), _rows.Name, order, cancellationToken);

    private string InsertSql => Insert($"ORDER BY {session.Constraints.NumberColumn}");

    private string Insert(string which) =>
        load.Target.Insert(session.Columns, $"SELECT {session.Columns} FROM {_rows.Name} {which}");

    private NpgsqlCommand Command(string sql) => new(sql, session.Connection) { CommandTimeout = (int)patience.TotalSeconds };
}
