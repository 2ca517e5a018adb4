using PipelineService.Core.Datasets;

namespace PipelineService.Write.Targets;

/// <summary>The SQL that replaces all rows of a table.</summary>
internal static class ReplaceSql
{
    /// <summary>The SQLSTATE of a replacement that another, which came later, has overtaken.</summary>
    public const string Overtaken = "PL003";

    /// <summary>The job whose rows are there, where it came later.</summary>
    public const string FindLater = "SELECT job_id FROM pipeline.dataset_rows WHERE dataset = @Dataset AND job_id > @Job";

    /// <summary>Raises <see cref="Overtaken"/>.</summary>
    public const string EndRows = "SELECT pipeline.end_rows($1, $2, $3, $4, $5)";

    /// <summary>What was deferred while rows went and came is looked at.</summary>
    public const string CheckConstraints = "SET CONSTRAINTS ALL IMMEDIATE";

    /// <summary>Whether something may come between a DELETE and the rows.</summary>
    public const string MayKeepRows = """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid IN (SELECT relid FROM pg_partition_tree(@table::regclass)
                           UNION SELECT @table::regclass) AND NOT tgisinternal AND tgtype & 8 = 8 AND tgenabled <> 'D')
            OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = @table::regclass AND ev_type = '4' AND ev_enabled <> 'D')
        """;

    /// <summary>Readers and those who only look whether a row is there go on.</summary>
    public static string LockAgainstWriters(TableName table) => $"LOCK TABLE {table.Quoted} IN SHARE ROW EXCLUSIVE MODE";

    public static string DeleteAll(TableName table) => $"DELETE FROM {table.Quoted}";
}
