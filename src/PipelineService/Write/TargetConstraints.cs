using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

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

    private readonly Dictionary<string, string[]> _columnsByName;
    private readonly string? _screen;

    private TargetConstraints(string table, IReadOnlyList<Constraint> constraints, HashSet<string> loaded)
    {
        _columnsByName = constraints.GroupBy(c => c.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First().Columns ?? [], StringComparer.Ordinal);
        IsSelfReferencing = constraints.Any(c => c.IsSelfReference);
        string[] parts = [.. constraints.Where(c => c.Columns is { Length: > 0 } && c.Columns.All(loaded.Contains))
            .Select(c => Screen(c, table, loaded))];
        _screen = parts.Length == 0 ? null : string.Join("\nUNION\n", parts) + "\nORDER BY 1";
    }

    /// <summary>The SQL that returns the ords of suspect rows in the staging table, or null when nothing can be screened.</summary>
    public string? ScreenSql => _screen;

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
            [.. plan.Columns.Select(c => c.Field.Name)]);
    }

    /// <summary>The column to blame for a broken constraint: the only one it has, or null.</summary>
    public string? ColumnOf(string constraint) =>
        _columnsByName.TryGetValue(constraint, out string[]? columns) && columns.Length == 1
            ? columns[0]
            : null;

    // OFFSET 0 keeps the planner from turning the look-up per row into a join over the whole table.
    private static string Screen(Constraint constraint, string table, HashSet<string> loaded)
    {
        const string Stage = ChunkStage.Table;
        const string Ord = ChunkStage.OrdColumn;
        string[] columns = [.. constraint.Columns!.Select(Identifier.Quote)];
        string notNull = string.Join(" AND ", columns.Select(c => $"s.{c} IS NOT NULL"));
        switch (constraint.Kind)
        {
            case "u":
                string same = string.Join(" AND ", columns.Select(c => $"t.{c} = s.{c}"));
                return $"""
                    SELECT {Ord} FROM (
                        SELECT s.*, row_number() OVER (PARTITION BY {string.Join(", ", columns)} ORDER BY {Ord}) AS "_pipeline_n"
                        FROM {Stage} s WHERE {notNull}) s
                    WHERE "_pipeline_n" > 1 OR EXISTS (SELECT FROM {table} t WHERE {same} OFFSET 0)
                    """;
            case "f":
                string parent = string.Join(
                    " AND ", columns.Zip(constraint.ParentColumns!, (c, p) => $"p.{Identifier.Quote(p)} = s.{c}"));
                bool parentMayBeHere = constraint.IsSelfReference && constraint.ParentColumns!.All(loaded.Contains);
                return $"""
                    SELECT {Ord} FROM {Stage} s
                    WHERE {notNull} AND NOT EXISTS (SELECT FROM {constraint.Parent} p WHERE {parent} OFFSET 0)
                    {(parentMayBeHere ? $"AND NOT EXISTS (SELECT FROM {Stage} p WHERE {parent})" : "")}
                    """;
            default:
                return $"SELECT {Ord} FROM {Stage} s WHERE NOT ({constraint.Expression})";
        }
    }

    private sealed record Constraint
    {
        public required string Name { get; init; }

        public required string Kind { get; init; }

        public string? Expression { get; init; }

        public string? Parent { get; init; }

        public string[]? ParentColumns { get; init; }

        public bool IsSelfReference { get; init; }

        public string[]? Columns { get; init; }
    }
}
