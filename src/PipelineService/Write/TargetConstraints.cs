using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;

namespace PipelineService.Write;

/// <summary>
/// The constraints of a target table, and the query that finds the rows of a staging table that are likely to break one.
/// Only a screen: whether a row is refused is decided by inserting it.
/// </summary>
public sealed class TargetConstraints
{
    private const string Query = """
        SELECT i.relname AS "Name", 'u' AS "Kind", NULL AS "Expression", NULL AS "Parent", NULL::text[] AS "ParentColumns",
               false AS "IsSelfReference",
               (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(x.indkey::int2[]) WITH ORDINALITY k (attnum, n)
                JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum WHERE k.n <= x.indnkeyatts) AS "Columns"
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        WHERE x.indrelid = to_regclass(@table) AND x.indisunique AND x.indpred IS NULL AND x.indexprs IS NULL
        UNION ALL
        SELECT c.conname, c.contype::text, pg_get_expr(c.conbin, c.conrelid),
               CASE WHEN c.confrelid <> 0 THEN c.confrelid::regclass::text END,
               (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY k (attnum, n)
                JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum),
               c.confrelid = c.conrelid,
               (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY k (attnum, n)
                JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum)
        FROM pg_constraint c
        WHERE c.conrelid = to_regclass(@table) AND c.contype IN ('f', 'c')
        """;

    private const string AnyUniqueIndex =
        "SELECT EXISTS (SELECT FROM pg_index WHERE indrelid = to_regclass(@table) AND (indisunique OR indisexclusion))";

    private readonly Dictionary<string, string[]> _columnsByName;

    private TargetConstraints(string table, IReadOnlyList<Constraint> constraints, List<string> loaded)
    {
        _columnsByName = constraints.GroupBy(c => c.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First().Columns ?? [], StringComparer.Ordinal);
        IsSelfReferencing = constraints.Any(c => c.IsSelfReference);
        Constraint[] screened = [.. constraints.Where(c => c.Columns is { Length: > 0 } && c.Columns.All(loaded.Contains))];
        UniqueKeys = [.. screened.Where(c => c.IsUnique).Select(c => c.Columns!.Select(name => loaded.IndexOf(name)).ToArray())];
        ScreenedColumns = [.. screened.SelectMany(c => c.IsSelfReference ? c.Columns!.Concat(c.ParentColumns!) : c.Columns!)
            .Select(name => loaded.IndexOf(name)).Where(column => column >= 0).Distinct().Order()];
        ScreenSql = screened.Length == 0 ? null : Screen(screened, table, loaded);
    }

    /// <summary>
    /// The SQL that looks for refusals among the keys of the rows (<see cref="ChunkStage.Keys"/>): ord, constraint, kind (u, f or c) and whether the
    /// row is certain to be refused. One row per refusal; the first of an ord is the one that PostgreSQL would name. Null
    /// when there is nothing to look for.
    /// </summary>
    public string? ScreenSql { get; }

    /// <summary>What the screen looks at, as indexes into the plan's columns, ascending.</summary>
    public int[] ScreenedColumns { get; }

    /// <summary>
    /// Whether two open transactions could wait for each other over a key: any unique index counts, also a partial one or one
    /// on expressions, and exclusion constraints.
    /// </summary>
    public bool HasUniqueIndex { get; private init; }

    /// <summary>For each plain unique index the columns of its key, as indexes into the plan's columns.</summary>
    public IReadOnlyList<int[]> UniqueKeys { get; }

    /// <summary>Whether a row may need another row of the same table.</summary>
    public bool IsSelfReferencing { get; }

    public static async Task<TargetConstraints> ReadAsync(
        NpgsqlConnection connection, RowPlan plan, CancellationToken cancellationToken)
    {
        string table = plan.Definition.Load.Table.Quoted;
        IEnumerable<Constraint> constraints = await connection.QueryAsync<Constraint>(
            new CommandDefinition(Query, new { table }, cancellationToken: cancellationToken));
        return new TargetConstraints(
            table,
            [.. constraints],
            plan.Columns.Select(c => c.Field.Name).ToList())
        {
            HasUniqueIndex = await connection.QuerySingleAsync<bool>(
                new CommandDefinition(AnyUniqueIndex, new { table }, cancellationToken: cancellationToken)),
        };
    }

    /// <summary>A refusal that the screen is certain of, in PostgreSQL's own words.</summary>
    public RefusedRow Refusal(int index, string constraint, string kind) => kind switch
    {
        "u" => new(index, RecordErrorCode.Unique, ColumnOf(constraint),
            $"duplicate key value violates unique constraint \"{constraint}\""),
        "f" => new(index, RecordErrorCode.ForeignKey, ColumnOf(constraint),
            $"insert or update violates foreign key constraint \"{constraint}\""),
        _ => new(index, RecordErrorCode.Check, ColumnOf(constraint), $"new row violates check constraint \"{constraint}\""),
    };

    /// <summary>The column to blame for a broken constraint: the only one it has, or null.</summary>
    public string? ColumnOf(string constraint) =>
        _columnsByName.TryGetValue(constraint, out string[]? columns) && columns.Length == 1
            ? columns[0]
            : null;

    private static string Screen(IReadOnlyList<Constraint> constraints, string table, List<string> loaded)
    {
        Constraint[] unique = [.. constraints.Where(c => c.IsUnique)];
        string beyond = string.Join("\nUNION ALL\n", constraints.Select(c => BeyondTheStage(c, table, loaded)));
        IEnumerable<string> within = unique.Select(c => WithinTheStage(c, isCertain: unique.Length == 1));
        return $"""
            WITH refused AS MATERIALIZED ({beyond})
            SELECT ord, name, kind, certain FROM ({string.Join("\nUNION ALL\n", within.Prepend("SELECT * FROM refused"))}) found
            ORDER BY ord, position(kind IN 'cuf'), name
            """;
    }

    /// <summary>
    /// Rows that break a constraint by themselves or by what other tables and earlier rows hold. OFFSET 0 keeps the planner
    /// from turning the look-up per row into a join over a whole table.
    /// </summary>
    private static string BeyondTheStage(Constraint constraint, string table, List<string> loaded)
    {
        string found = $"SELECT s.{ChunkStage.OrdColumn} AS ord, {Literal(constraint.Name)} AS name, '{constraint.Kind}' AS kind";
        switch (constraint.Kind)
        {
            case "u":
                string same = string.Join(" AND ", constraint.Quoted.Select(c => $"t.{c} = s.{c}"));
                return $"""
                    {found}, true AS certain FROM {ChunkStage.Keys} s
                    WHERE {constraint.NotNull} AND EXISTS (SELECT FROM {table} t WHERE {same} OFFSET 0)
                    """;
            case "f":
                string parent = string.Join(
                    " AND ", constraint.Quoted.Zip(constraint.ParentColumns!, (c, p) => $"p.{Identifier.Quote(p)} = s.{c}"));
                bool parentMayBeHere = constraint.IsSelfReference && constraint.ParentColumns!.All(loaded.Contains);
                return $"""
                    {found}, {(constraint.IsSelfReference ? "false" : "true")} AS certain FROM {ChunkStage.Keys} s
                    WHERE {constraint.NotNull} AND NOT EXISTS (SELECT FROM {constraint.Parent} p WHERE {parent} OFFSET 0)
                    {(parentMayBeHere ? $"AND NOT EXISTS (SELECT FROM {ChunkStage.Keys} p WHERE {parent})" : "")}
                    """;
            default:
                return $"{found}, true AS certain FROM {ChunkStage.Keys} s WHERE NOT ({constraint.Expression})";
        }
    }

    /// <summary>
    /// Rows whose key an earlier row of the stage has. With several unique constraints the earlier one may itself be refused,
    /// so only trying can tell.
    /// </summary>
    private static string WithinTheStage(Constraint constraint, bool isCertain) => $"""
        SELECT ord, {Literal(constraint.Name)}, 'u', {(isCertain ? "true" : "false")}
        FROM (SELECT s.{ChunkStage.OrdColumn} AS ord,
                     row_number() OVER (PARTITION BY {string.Join(", ", constraint.Quoted)} ORDER BY s.{ChunkStage.OrdColumn}) AS n
              FROM {ChunkStage.Keys} s
              WHERE {constraint.NotNull} AND s.{ChunkStage.OrdColumn} NOT IN (SELECT r.ord FROM refused r)) s
        WHERE n > 1
        """;

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'::text";

    private sealed record Constraint
    {
        public required string Name { get; init; }

        public required string Kind { get; init; }

        public string? Expression { get; init; }

        public string? Parent { get; init; }

        public string[]? ParentColumns { get; init; }

        public bool IsSelfReference { get; init; }

        public string[]? Columns { get; init; }

        public bool IsUnique => Kind == "u";

        public IEnumerable<string> Quoted => Columns!.Select(Identifier.Quote);

        public string NotNull => string.Join(" AND ", Quoted.Select(c => $"s.{c} IS NOT NULL"));
    }
}
