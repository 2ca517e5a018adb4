using System.Text;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Tables;

/// <summary>The SQL that looks at target tables, makes and grows them.</summary>
internal static class TableSql
{
    /// <summary>Two datasets may share a table: their writers take turns.</summary>
    public const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('pipeline.table:' || @table, 0))";

    /// <summary>
    /// Whether a text ($1) names a type for columns; an error when it is no name at all. None are, whatever they are wrapped in: types
    /// that read the names of tables, functions and roles, so that each value tells whether there is one; the rows of a table, which
    /// nobody could alter any more; and those of the service's own tables.
    /// </summary>
    public const string TypeExists = """
        WITH RECURSIVE meant (type) AS (
            SELECT to_regtype($1)::oid WHERE to_regtype($1) IS NOT NULL
            UNION
            SELECT part.type FROM meant m JOIN pg_catalog.pg_type t ON t.oid = m.type CROSS JOIN LATERAL (
                VALUES (t.typelem), (t.typbasetype)
                UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
                UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
                          WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) part (type)
            WHERE part.type <> 0
        )
        SELECT count(*) > 0 AND bool_and(
            y.nspname <> 'pipeline'
            AND NOT (y.nspname = 'pg_catalog' AND (t.typname = 'aclitem' OR (t.typcategory = 'N' AND t.typname ^@ 'reg')))
            AND (t.typrelid = 0 OR c.relkind = 'c'))
        FROM meant m JOIN pg_catalog.pg_type t ON t.oid = m.type JOIN pg_catalog.pg_namespace y ON y.oid = t.typnamespace
        LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
        """;

    /// <summary>The savepoint behind which a type is looked at: nothing of that stays, an error neither.</summary>
    public const string BeginType = "SAVEPOINT type";

    public const string EndType = "ROLLBACK TO SAVEPOINT type; RELEASE SAVEPOINT type";

    /// <summary>Name and category of the type of the column that <see cref="MakeColumnOf"/> makes.</summary>
    public const string TypeOfColumn = $"""
        SELECT {TypeName}, t.typcategory::text FROM pg_catalog.pg_attribute a {TypeJoins}
        WHERE a.attrelid = 'pg_temp."_pipeline_type"'::regclass AND a.attnum = 1
        """;

    /// <summary>
    /// A column's type, the same whatever the search path is: in its schema unless that is pg_catalog.
    /// <c>format_type</c> alone leaves the schema of visible types out.
    /// </summary>
    private const string TypeName = """
        CASE WHEN y.nspname <> 'pg_catalog' AND pg_type_is_visible(e.oid) THEN quote_ident(y.nspname) || '.' ELSE '' END
            || format_type(a.atttypid, a.atttypmod)
        """;

    /// <summary>
    /// From a column (a) to its type (t), the type that is named in it (e: of an array that of its elements), its schema.
    /// </summary>
    private const string TypeJoins = """
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        JOIN pg_catalog.pg_type e ON e.oid = CASE WHEN t.typlen = -1 AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
        JOIN pg_catalog.pg_namespace y ON y.oid = e.typnamespace
        """;

    /// <summary>What a domain (t) is made of in the end.</summary>
    private const string DomainBase = """
        WITH RECURSIVE base AS (
            SELECT t.typbasetype AS type, t.typtypmod AS modifier
            UNION ALL
            SELECT d.typbasetype, d.typtypmod FROM base b JOIN pg_catalog.pg_type d ON d.oid = b.type
            WHERE d.typtype = 'd')
        SELECT b.type, b.modifier FROM base b JOIN pg_catalog.pg_type d ON d.oid = b.type WHERE d.typtype <> 'd'
        """;

    /// <summary>The bits of pg_trigger.tgtype for: each row, INSERT, INSTEAD OF.</summary>
    private const string InsteadOfInsert = "69";

    public const string SchemaExists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = @schema)";

    /// <summary>
    /// A table by schema ($1) and name ($2), with all that matters to a load, in one answer: one round trip in front of a
    /// load's first row, and one consistent picture. No row when there is no such relation; <see cref="TableShape.Parse"/>
    /// reads it. Behind it the file of the table and, for those who hold a lock on it ($3), how many blocks it has: a
    /// <see cref="TablePlace"/>, or NULL where the table has none of its own. Whoever asks for the size without a lock waits
    /// for one, as long as somebody holds the table. Last, for the same, the views whose parts are to be kept, as JSON; NULL: none.
    /// </summary>
    /// <remarks>
    /// Which types take text in binary COPY is told by their functions, since there is no other promise: those of enums, of
    /// citext and of char(n) are PostgreSQL's own for text, or do with it what the input function does with the same bytes.
    /// A load of a partitioned table meets the indexes and triggers of its partitions, too. A foreign key to a partitioned table is
    /// there once more for each of the partitions, which says nothing new. A view without a trigger that takes the rows says which
    /// of its columns take values. Index: indisready, not indisvalid,
    /// because one that is still being built refuses duplicates already.
    /// </remarks>
    public const string Look = $"""
        WITH relation AS (
            SELECT c.* FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2
        ), family AS (
            SELECT r.oid FROM relation r UNION SELECT p.relid FROM relation r, pg_partition_tree(r.oid) p
        )
        SELECT json_build_object(
            'relation', json_build_object(
                'kind', r.relkind, 'comment', obj_description(r.oid, 'pg_class'),
                'isOwned', pg_has_role(r.relowner, 'USAGE'), 'hasRowSecurity', row_security_active(r.oid),
                'canInsert', has_table_privilege(r.oid, 'INSERT'),
                'hasRules', EXISTS (SELECT FROM pg_catalog.pg_rewrite w
                                    WHERE w.ev_class = r.oid AND w.ev_type = '3' AND w.ev_enabled <> 'D'),
                'takesInserts', r.relkind <> 'v' OR pg_relation_is_updatable(r.oid, true) & 8 = 8,
                'isPartition', r.relispartition,
                'foreignPartition', (SELECT min(p.relname) FROM pg_catalog.pg_class p
                                     WHERE r.relkind = 'p' AND p.relkind = 'f' AND p.oid IN (SELECT oid FROM family))),
            'columns', ARRAY(
                SELECT json_build_object(
                    'name', a.attname, 'type', {TypeName}, 'isNotNull', a.attnotnull,
                    'hasDefault', a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL,
                    'isGenerated', a.attgenerated <> '' OR CASE WHEN r.relkind = 'v' AND NOT EXISTS (
                        SELECT FROM pg_catalog.pg_trigger g
                        WHERE g.tgrelid = r.oid AND g.tgtype & {InsteadOfInsert} = {InsteadOfInsert})
                        THEN NOT pg_column_is_updatable(r.oid, a.attnum, false) ELSE false END,
                    'baseType', CASE WHEN t.typtype = 'd' THEN (
                        SELECT format_type(x.type, x.modifier) FROM ({DomainBase}) x) END,
                    'takesText', EXISTS (
                        SELECT FROM pg_catalog.pg_type u
                        JOIN pg_catalog.pg_proc i ON i.oid = u.typinput JOIN pg_catalog.pg_proc b ON b.oid = u.typreceive
                        WHERE u.oid = CASE WHEN t.typtype = 'd' THEN (SELECT x.type FROM ({DomainBase}) x) ELSE t.oid END
                            AND i.prolang = b.prolang AND i.prolang = (
                                SELECT l.oid FROM pg_catalog.pg_language l WHERE l.lanname = 'internal')
                            AND (i.prosrc, b.prosrc) IN (
                                ('textin', 'textrecv'), ('varcharin', 'varcharrecv'), ('bpcharin', 'bpcharrecv'),
                                ('enum_in', 'enum_recv'))))
                FROM pg_catalog.pg_attribute a {TypeJoins}
                WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
                ORDER BY a.attnum),
            'uniqueIndexes', ARRAY(
                SELECT json_build_object(
                    'name', x.relname,
                    'isPlain', i.indrelid = r.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL,
                    'isImmediate', i.indimmediate, 'isPrimary', i.indisprimary,
                    'isConstraint', EXISTS (
                        SELECT FROM pg_catalog.pg_constraint o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x')),
                    'isPart', i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
                        AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid)
                        AND i.indrelid <> r.oid,
                    'columns', ARRAY(
                        SELECT a.attname FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
                        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                        WHERE k.place <= i.indnkeyatts
                        ORDER BY k.place))
                FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                WHERE i.indrelid IN (SELECT oid FROM family) AND i.indisready AND (i.indisunique OR i.indisexclusion)
                ORDER BY x.relname),
            'constraints', ARRAY(
                SELECT json_build_object(
                    'name', o.conname, 'kind', o.contype, 'expression', pg_get_expr(o.conbin, o.conrelid),
                    'parent', CASE WHEN o.confrelid <> 0 THEN o.confrelid::regclass::text END,
                    'parentSchema', p.nspname, 'parentName', f.relname,
                    'isSelfReference', o.confrelid = o.conrelid, 'isDeferrable', o.condeferrable,
                    'columns', ARRAY(
                        SELECT a.attname FROM unnest(o.conkey) WITH ORDINALITY AS k (attnum, place)
                        JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum
                        ORDER BY k.place),
                    'parentColumns', ARRAY(
                        SELECT a.attname FROM unnest(o.confkey) WITH ORDINALITY AS k (attnum, place)
                        JOIN pg_catalog.pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.attnum
                        ORDER BY k.place))
                FROM pg_catalog.pg_constraint o
                LEFT JOIN pg_catalog.pg_class f ON f.oid = o.confrelid
                LEFT JOIN pg_catalog.pg_namespace p ON p.oid = f.relnamespace
                WHERE o.conrelid = r.oid AND o.contype IN ('f', 'c') AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_constraint w WHERE w.oid = o.conparentid AND w.conrelid = o.conrelid)
                ORDER BY o.conname),
            'triggers', ARRAY(
                SELECT json_build_object(
                    'name', g.tgname, 'isDeferrable', g.tgdeferrable,
                    'mayChangeRows', g.tgtype & 7 = 7 OR g.tgtype & {InsteadOfInsert} = {InsteadOfInsert})
                FROM pg_catalog.pg_trigger g
                WHERE g.tgrelid IN (SELECT oid FROM family) AND NOT g.tgisinternal AND g.tgtype & 4 = 4
                    AND g.tgenabled IN (
                        'A', CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R'::"char" ELSE 'O' END)
                ORDER BY g.tgname)),
            pg_relation_filenode(r.oid)::bigint,
            CASE WHEN $3 THEN pg_relation_size(r.oid) / current_setting('block_size')::bigint END,
            CASE WHEN $3 THEN (
                SELECT json_agg(json_build_object('id', v.id, 'definition', v.definition, 'types', v.types) ORDER BY v.id)::text
                FROM pipeline.views v
                WHERE v.table_schema = $1 AND v.table_name = $2 AND v.relation = r.oid AND v.state = 'ready'
                    AND v.dropped_at IS NULL) END
        FROM relation r
        """;

    /// <summary>
    /// Keeps a table as it is until the transaction ends; rows may come and go. What an INSERT takes by itself, only earlier:
    /// before the look and not behind it. Partitions follow their table; the tables behind a view are locked with it.
    /// </summary>
    public static string LockShape(TableName table) => $"LOCK TABLE ONLY {table.Quoted} IN ROW EXCLUSIVE MODE";

    /// <summary>Definitions carry the types' names as PostgreSQL formats them, so they are SQL as they stand.</summary>
    public static string Create(TableName table, IEnumerable<ColumnShape> columns) =>
        $"CREATE TABLE {table.Quoted} (\n    {string.Join(",\n    ", columns.Select(Column))}\n)";

    /// <summary>A column of a type that <see cref="TypeExists"/> has found, to be looked at.</summary>
    public static string MakeColumnOf(string type) => $"""
        CREATE TEMPORARY TABLE "_pipeline_type" ("value" {type}
        ) ON COMMIT DROP
        """;

    public static string Mark(TableName table, string dataset) =>
        $"COMMENT ON TABLE {table.Quoted} IS '{TableShape.MadeByService} for dataset \"{dataset}\".'";

    public static string LockExclusively(TableName table) => $"LOCK TABLE {table.Quoted} IN ACCESS EXCLUSIVE MODE";

    public static string HasRows(TableName table) => $"SELECT EXISTS (SELECT FROM {table.Quoted})";

    /// <param name="added">Columns to add.</param>
    /// <param name="required">Columns that take no NULL from now on.</param>
    public static string Alter(TableName table, IEnumerable<ColumnShape> added, IEnumerable<string> required) =>
        new StringBuilder()
        .Append("ALTER TABLE ").Append(table.Quoted)
        .AppendJoin(
            ',',
            added.Select(c => $"\n    ADD COLUMN {Column(c)}").Concat(required.Select(c => $"\n    {SetNotNull(c)}")))
        .ToString();

    public static string SetNotNull(string column) => $"ALTER COLUMN {Identifier.Quote(column)} SET NOT NULL";

    private static string Column(ColumnShape column) =>
        $"{Identifier.Quote(column.Name)} {column.Type}{(column.IsNotNull ? " NOT NULL" : "")}";
}
