using System.Text;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Tables;

/// <summary>The SQL that looks at target tables, makes and grows them.</summary>
internal static class TableSql
{
    /// <summary>Two datasets may share a table: their writers take turns.</summary>
    public const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('pipeline.table:' || @table, 0))";

    public const string SchemaExists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = @schema)";

    public const string FindTable = """
        SELECT c.oid::bigint AS "Oid", c.relkind::text AS "Kind", obj_description(c.oid, 'pg_class') AS "Comment",
               pg_has_role(c.relowner, 'USAGE') AS "IsOwned", row_security_active(c.oid) AS "HasRowSecurity",
               has_table_privilege(c.oid, 'INSERT') AS "CanInsert"
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = @schema AND c.relname = @name
        """;

    public const string FindColumns = """
        SELECT a.attname AS "Name", format_type(a.atttypid, a.atttypmod) AS "Type", a.attnotnull AS "IsNotNull",
               a.atthasdef OR a.attidentity <> '' AS "HasDefault", a.attgenerated <> '' AS "IsGenerated"
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = @oid::oid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
        """;

    /// <summary>indisready, not indisvalid: an index that is still being built refuses duplicates already.</summary>
    public const string FindUniqueIndexes = """
        SELECT x.relname AS "Name", i.indisprimary AS "IsPrimary",
               i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AS "IsPlain",
               ARRAY(SELECT a.attname::text
                     FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                     WHERE k.place <= i.indnkeyatts
                     ORDER BY k.place) AS "Columns"
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = @oid::oid AND i.indisready AND (i.indisunique OR i.indisexclusion)
        ORDER BY x.relname
        """;

    public const string FindChecks = """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = @oid::oid AND contype = 'f') AS "HasForeignKeys",
               EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = @oid::oid AND contype = 'c') AS "HasChecks",
               EXISTS (SELECT FROM pg_catalog.pg_trigger
                       WHERE tgrelid = @oid::oid AND NOT tgisinternal AND tgenabled <> 'D') AS "HasTriggers"
        """;

    /// <summary>Definitions carry the types' names as PostgreSQL formats them, so they are SQL as they stand.</summary>
    public static string Create(TableName table, IEnumerable<ColumnShape> columns, IReadOnlyCollection<string> key)
    {
        IEnumerable<string> lines = columns.Select(Column);
        if (key.Count > 0)
        {
            lines = lines.Append($"PRIMARY KEY ({string.Join(", ", key.Select(Identifier.Quote))})");
        }

        return $"CREATE TABLE {table.Quoted} (\n    {string.Join(",\n    ", lines)}\n)";
    }

    public static string Mark(TableName table, string dataset) =>
        $"COMMENT ON TABLE {table.Quoted} IS '{TableShape.MadeByService} for dataset \"{dataset}\".'";

    public static string LockExclusively(TableName table) => $"LOCK TABLE {table.Quoted} IN ACCESS EXCLUSIVE MODE";

    public static string HasRows(TableName table) => $"SELECT EXISTS (SELECT FROM {table.Quoted})";

    public static string Grow(TableName table, IEnumerable<ColumnShape> columns) => new StringBuilder()
        .Append("ALTER TABLE ").Append(table.Quoted)
        .AppendJoin(',', columns.Select(c => $"\n    ADD COLUMN {Column(c)}"))
        .ToString();

    private static string Column(ColumnShape column) =>
        $"{Identifier.Quote(column.Name)} {column.Type}{(column.IsNotNull ? " NOT NULL" : "")}";
}
