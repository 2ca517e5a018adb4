using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Tables.Keys;

/// <summary>The SQL of keys: to add them, to see what stands in the way, and for operators to run themselves.</summary>
internal static class KeySql
{
    /// <summary>Behind which a key is tried: what stands in its way must not end the transaction.</summary>
    public const string Begin = "SAVEPOINT key";

    public const string Undo = "ROLLBACK TO SAVEPOINT key";

    /// <summary>
    /// How long a statement over the rows of a table may take. A PUT has five seconds (<c>Hosting:DatabaseTimeout</c>), and holds loads up
    /// meanwhile: a key of a large table is an operator's to make, while loads go on.
    /// </summary>
    public const string BoundTime = "SET LOCAL statement_timeout = '2s'";

    public const string UnboundTime = "SET LOCAL statement_timeout TO DEFAULT";

    /// <summary>The current table of a dataset, as its definition writes it.</summary>
    public const string TableOfDataset = """
        SELECT v.definition #>> '{load,table}'
        FROM pipeline.datasets d
        JOIN pipeline.dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
        WHERE d.name = @name AND d.deleted_at IS NULL
        """;

    public static string Names(IEnumerable<string> columns) => string.Join(", ", columns.Select(Identifier.Quote));

    /// <param name="isPrimary">Whether as the primary key, which takes no NULL.</param>
    public static string AddKey(TableName table, WantedKey key, bool isPrimary) =>
        $"ALTER TABLE {table.Quoted} ADD {(isPrimary ? "PRIMARY KEY" : "UNIQUE")} ({Names(key.Columns)})";

    public static string AddReference(TableName table, WantedReference reference) =>
        $"ALTER TABLE {table.Quoted} ADD FOREIGN KEY ({Names(reference.Columns)})"
        + $" REFERENCES {reference.Parent!.Quoted} ({Names(reference.ParentColumns)})";

    public static string CreateIndex(TableName table, WantedKey key) =>
        $"CREATE UNIQUE INDEX ON {table.Quoted} ({Names(key.Columns)})";

    public static string DropConstraint(TableName table, string name) =>
        $"ALTER TABLE {table.Quoted} DROP CONSTRAINT {Identifier.Quote(name)}";

    public static string DropIndex(TableName table, string name) => $"DROP INDEX {new TableName(table.Schema, name).Quoted}";

    /// <summary>Lists the values that several rows share. NULL is the same as nothing.</summary>
    public static string Repeats(TableName table, WantedKey key) =>
        $"SELECT {Names(key.Columns)}, count(*) FROM {table.Quoted} WHERE {NotNull(key.Columns)}"
        + $" GROUP BY {Names(key.Columns)} HAVING count(*) > 1";

    /// <summary>How many rows share a value with another one.</summary>
    public static string CountRepeats(TableName table, WantedKey key) =>
        $"SELECT coalesce(sum(r.count), 0)::bigint FROM ({Repeats(table, key)}) r";

    /// <summary>Lists the rows that refer to none.</summary>
    public static string Orphans(TableName table, WantedReference reference) =>
        $"SELECT {OrphansOf(table, reference, string.Join(", ", reference.Columns.Select(c => $"t.{Identifier.Quote(c)}")))}";

    public static string CountOrphans(TableName table, WantedReference reference) =>
        $"SELECT {OrphansOf(table, reference, "count(*)")}";

    private static string OrphansOf(TableName table, WantedReference reference, string what)
    {
        string same = string.Join(
            " AND ",
            reference.Columns.Zip(reference.ParentColumns, (c, p) => $"p.{Identifier.Quote(p)} = t.{Identifier.Quote(c)}"));
        return $"{what} FROM {table.Quoted} t WHERE {string.Join(" AND ", reference.Columns.Select(c => $"t.{Identifier.Quote(c)} IS NOT NULL"))}"
            + $" AND NOT EXISTS (SELECT FROM {reference.Parent!.Quoted} p WHERE {same})";
    }

    private static string NotNull(IEnumerable<string> columns) =>
        string.Join(" AND ", columns.Select(c => $"{Identifier.Quote(c)} IS NOT NULL"));
}
