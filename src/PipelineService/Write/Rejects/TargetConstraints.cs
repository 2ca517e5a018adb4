using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Datasets.Tables;

namespace PipelineService.Write.Rejects;

/// <summary>
/// For what a target table may refuse rows, and the query that finds the rows of a staging table that are likely to be
/// refused. Only a screen: whether a row is refused is decided by inserting it.
/// </summary>
public sealed class TargetConstraints
{
    /// <summary>A page holds as many pointers to values that were moved off it (18 bytes each), with room to spare.</summary>
    private const int ColumnsOnAPage = 300;

    private readonly bool _hasDeferrableTriggers;
    private readonly UniqueIndex[] _keys;
    private readonly string _table;

    public TargetConstraints(TableShape table, RowPlan rows, TableName target)
    {
        List<string> loaded = [.. rows.Columns.Select(c => c.Field.Name)];
        Words = new RejectWords(table, rows);
        _hasDeferrableTriggers = table.Triggers.Any(t => t.IsDeferrable);
        HasRules = table.Relation.HasRules;
        MayChangeRows = table.Relation.IsView || table.Triggers.Any(t => t.MayChangeRows);
        IsSelfReferencing = table.Constraints.Any(c => c.IsSelfReference);
        UniqueIndex[] keys = [.. table.UniqueIndexes.Where(i => i.IsPlain && i.Columns.All(loaded.Contains))];
        ConstraintShape[] constraints = [.. table.Constraints.Where(c => !c.Columns.IsEmpty && c.Columns.All(loaded.Contains))];
        KeyNames = [.. keys.Select(i => i.Name)];
        UniqueKeys = [.. keys.Select(i => i.Columns.Select(name => loaded.IndexOf(name)).ToArray())];
        ScreenedColumns =
        [
            .. keys.SelectMany(i => i.Columns)
                .Concat(constraints.SelectMany(c => c.IsSelfReference ? c.Columns.Concat(c.ParentColumns) : c.Columns))
                .Select(name => loaded.IndexOf(name)).Where(column => column >= 0).Distinct().Order(),
        ];
        IsScreenable = !MayChangeRows && keys.Length == table.UniqueIndexes.Count(i => !i.IsPart);
        HasPlainKeysOnly = IsScreenable && keys.Length > 0 && keys.All(i => i.IsImmediate);
        _keys = keys;
        _table = target.Quoted;
        ReadColumns = ReadColumn.Of(table, rows);
        CopiesText = ReadColumns.Any(c => c.IsCopiedAsText);
        TakesInsertsOnly = table.Relation.IsView || (CopiesText && MayChangeRows);
        MayRefuse = ReadColumns.Count > 0 || CanRefuse(table, rows);
        NumberColumn = WriteSql.NumberColumn(rows);
        ScreenSql = keys.Length + constraints.Length == 0
            ? null
            : Screen(constraints, loaded);
    }

    /// <summary>
    /// The SQL that looks for refusals among the keys of the rows (<see cref="StagedRows.Keys"/>): the numbers of those that
    /// are likely to be refused, ascending, each with whether that is for its keys alone. Null when there is nothing to look for.
    /// </summary>
    public string? ScreenSql { get; }

    /// <summary>What the screen looks at, as indexes into the rows' columns, ascending.</summary>
    public int[] ScreenedColumns { get; }

    /// <summary>The quoted name of the column that numbers the rows of a staging table.</summary>
    public string NumberColumn { get; }

    /// <summary>For each plain unique index the columns of its key, as indexes into the rows' columns.</summary>
    public IReadOnlyList<int[]> UniqueKeys { get; }

    /// <summary>The names of these indexes.</summary>
    public IReadOnlyList<string> KeyNames { get; }

    /// <summary>
    /// Whether a key decides by itself about a row: whole columns that are sent, looked at as each row comes, and no trigger.
    /// </summary>
    public bool HasPlainKeysOnly { get; }

    /// <summary>Whether a row may need another row of the same table.</summary>
    public bool IsSelfReferencing { get; }

    /// <summary>
    /// Whether a query tells which rows meet each other, so that these few may come behind all others. Not where a trigger may
    /// change rows, nor with an index on part of the rows, on an expression or on what is not sent: there the order is the
    /// data's.
    /// </summary>
    public bool IsScreenable { get; }

    /// <summary>
    /// Whether a trigger comes before each row or in its place, or may do so in a table behind a view: it may mend a row, or let it
    /// fall, and only PostgreSQL knows how many landed.
    /// </summary>
    public bool MayChangeRows { get; }

    /// <summary>
    /// Whether the table might refuse a row that passed the dataset's rules. What is forgotten here costs an attempt, not a row.
    /// </summary>
    public bool MayRefuse { get; }

    /// <summary>The columns whose types have a say of their own in what they take.</summary>
    public IReadOnlyList<ReadColumn> ReadColumns { get; }

    /// <summary>
    /// Whether a column can only be sent as text, and so all of them: COPY has one form. Where there is none, rows go as they
    /// are encoded.
    /// </summary>
    public bool CopiesText { get; }

    /// <summary>
    /// Whether only INSERT tells how many rows landed. COPY of text does not, and of a view COPY counts what its trigger let fall;
    /// into one without a trigger there is no COPY.
    /// </summary>
    public bool TakesInsertsOnly { get; }

    /// <summary>What its refusals mean.</summary>
    public RejectWords Words { get; }

    /// <summary>Whether an INSERT would do something else than COPY, which passes rules over.</summary>
    public bool HasRules { get; }

    /// <summary>
    /// Whether what refused a row may take it later in the same transaction: a key of the table to itself, and what may be
    /// deferred to the COMMIT, but is looked at here after each chunk, while it is known which row is at fault.
    /// </summary>
    public bool MayTakeLater(string? constraint) =>
        _hasDeferrableTriggers
        || (Words.ConstraintOf(constraint) is { Kind: "f" } shape && (shape.IsSelfReference || shape.IsDeferrable));

    private static bool CanRefuse(TableShape table, RowPlan rows)
    {
        var required = rows.Columns.Where(c => c.Field.Constraints.Required).Select(c => c.Field.Name)
            .Append(LineageColumns.Job).Append(LineageColumns.Record).ToHashSet(StringComparer.Ordinal);
        return table.Relation is not { Kind: "r", IsPartition: false }
            || table.Columns.Length > ColumnsOnAPage
            || !table.UniqueIndexes.IsEmpty || !table.Constraints.IsEmpty || !table.Triggers.IsEmpty
            || table.Columns.Any(c => c.IsGenerated || c.BaseType is not null || c.Type is "json" or "jsonb"
                || (c.IsNotNull && !c.HasDefault && !required.Contains(c.Name)));
    }

    /// <summary>
    /// The SQL that tells by which of several keys a row of a staging table is there already: among those numbered so ($1) each
    /// with the index of the key. Null where there is but one.
    /// </summary>
    public string? FindKeySql(string staged)
    {
        if (_keys.Length < 2)
        {
            return null;
        }

        IEnumerable<string> cases = _keys.Select((key, i) => $"WHEN EXISTS ({There(key)}) THEN {i}");
        return $"""
            SELECT s.{NumberColumn}, CASE {string.Join('\n', cases)} ELSE 0 END
            FROM {staged} s WHERE s.{NumberColumn} = ANY ($1)
            """;
    }

    private string Screen(ConstraintShape[] constraints, List<string> loaded)
    {
        IEnumerable<string> doubts = _keys.SelectMany(k => new[] { InTheTable(k), EarlierInTheStage(k) })
            .Concat(constraints.Select(c => c.Kind == "f" ? WithoutParent(c, loaded) : Unchecked(c)));
        return $"""
            SELECT d.number, bool_and(d.is_key) FROM (
            {string.Join("\nUNION ALL\n", doubts)}
            ) d (number, is_key)
            GROUP BY d.number ORDER BY d.number
            """;
    }

    private string InTheTable(UniqueIndex key) =>
        $"SELECT s.{NumberColumn}, true FROM {StagedRows.Keys} s WHERE {NotNull(key.Columns)} AND EXISTS ({There(key)})";

    /// <summary>OFFSET 0 keeps the planner from turning the look-up per row into a join over a whole table.</summary>
    private string There(UniqueIndex key) => $"SELECT FROM {_table} t WHERE {Same(key.Columns, key.Columns, "t")} OFFSET 0";

    private string EarlierInTheStage(UniqueIndex key) => $"""
        SELECT n.{NumberColumn}, true
        FROM (SELECT s.{NumberColumn}, row_number() OVER (PARTITION BY {Quoted(key.Columns, "s")} ORDER BY s.{NumberColumn})
              FROM {StagedRows.Keys} s WHERE {NotNull(key.Columns)}) n ({NumberColumn}, place)
        WHERE n.place > 1
        """;

    private string WithoutParent(ConstraintShape key, List<string> loaded)
    {
        string same = Same(key.Columns, key.ParentColumns, "p");
        bool mayBeHere = key.IsSelfReference && key.ParentColumns.All(loaded.Contains);
        return $"""
            SELECT s.{NumberColumn}, false FROM {StagedRows.Keys} s
            WHERE {NotNull(key.Columns)} AND NOT EXISTS (SELECT FROM {key.Parent} p WHERE {same} OFFSET 0)
            {(mayBeHere ? $"AND NOT EXISTS (SELECT FROM {StagedRows.Keys} p WHERE {same})" : "")}
            """;
    }

    private string Unchecked(ConstraintShape check) =>
        $"SELECT s.{NumberColumn}, false FROM {StagedRows.Keys} s WHERE NOT ({check.Expression})";

    private static string Same(IEnumerable<string> columns, IEnumerable<string> others, string alias) => string.Join(
        " AND ", columns.Zip(others, (c, o) => $"{alias}.{Identifier.Quote(o)} = s.{Identifier.Quote(c)}"));

    private static string NotNull(IEnumerable<string> columns) =>
        string.Join(" AND ", columns.Select(c => $"s.{Identifier.Quote(c)} IS NOT NULL"));

    private static string Quoted(IEnumerable<string> columns, string alias) =>
        string.Join(", ", columns.Select(c => $"{alias}.{Identifier.Quote(c)}"));
}
