using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Lookups;
using PipelineService.Core.Values;

namespace PipelineService.Datasets.Lookups;

/// <summary>The SQL of versions of datasets that are looked up.</summary>
internal static class LookupSql
{
    /// <summary>Before the names of columns, where the table of a version is called so.</summary>
    private const string Rows = "rows.";

    /// <summary>The current version of a dataset (@dataset), locked against being removed until it is pinned.</summary>
    public const string FindCurrent = """
        SELECT r.job_id FROM pipeline.dataset_rows r WHERE r.dataset = @dataset FOR SHARE
        """;

    public const string FindVersion = """
        SELECT dataset_version FROM pipeline.lookup_versions WHERE dataset = @dataset AND job_id = @job
        """;

    /// <summary>Whether rows of a dataset are on their way.</summary>
    public const string IsAwaited = """
        SELECT EXISTS (SELECT FROM pipeline.jobs WHERE dataset = @dataset AND finished_at IS NULL)
        """;

    public const string InsertVersion = """
        INSERT INTO pipeline.lookup_versions (dataset, job_id, dataset_version, rows) VALUES (@Dataset, @Job, @Version, @rows)
        """;

    /// <summary>
    /// Versions that nobody needs: neither current, nor the one before, nor pinned. Locked, those that are not at hand left out.
    /// </summary>
    public const string FindUnneeded = """
        SELECT v.dataset, v.job_id AS job FROM pipeline.lookup_versions v
        WHERE NOT EXISTS (SELECT FROM pipeline.dataset_rows r WHERE r.dataset = v.dataset AND v.job_id IN (r.job_id, r.former))
          AND v.job_id > @after
        ORDER BY v.job_id LIMIT 1
        FOR UPDATE SKIP LOCKED
        """;

    /// <summary>Whether an unfinished job has pinned a version (@job) of a dataset (@dataset).</summary>
    public const string IsPinned = """
        SELECT EXISTS (SELECT FROM pipeline.jobs WHERE pins IS NOT NULL AND finished_at IS NULL AND pins ->> @dataset = @job)
        """;

    public const string DeleteVersion = "DELETE FROM pipeline.lookup_versions WHERE dataset = @dataset AND job_id = @job";

    /// <summary>The table of a version.</summary>
    public static string TableOf(Guid job) => $"pipeline.\"lookup_{job:N}\"";

    public static string Drop(Guid job) => $"DROP TABLE IF EXISTS {TableOf(job)}";

    public static string Copy(TableName table, Guid job) => $"CREATE TABLE {TableOf(job)} AS SELECT * FROM {table.Quoted}";

    public static string Analyze(Guid job) => $"ANALYZE {TableOf(job)}";

    /// <summary>By which a row is found; texts byte by byte, as the service compares them.</summary>
    public static string CreateIndex(Guid job, IEnumerable<LookupColumn> key) =>
        $"CREATE UNIQUE INDEX ON {TableOf(job)} ({string.Join(", ", key.Select(column => $"({Compared(column, of: "")})"))})";

    /// <summary>All rows, with the columns in the binary forms that the service reads.</summary>
    public static string CopyOut(Guid job, LookupUse use) =>
        $"COPY (SELECT {string.Join(", ", use.Columns.Select(Sent))} FROM {TableOf(job)} rows) TO STDOUT (FORMAT binary)";

    /// <summary>The rows of some keys, whose values are in an array for each column of the key.</summary>
    public static string Ask(Guid job, LookupUse use)
    {
        string columns = string.Join(", ", use.Columns.Select(column => $"{Sent(column)}::bytea"));
        ImmutableArray<LookupColumn> key = use.Key;
        if (key.Length == 1)
        {
            return $"SELECT {columns} FROM {TableOf(job)} rows WHERE {Compared(key[0], Rows)} = ANY ($1::{TypeOf(key[0].Kind)}[])";
        }

        string arrays = string.Join(", ", key.Select((column, i) => $"${i + 1}::{TypeOf(column.Kind)}[]"));
        string names = string.Join(", ", key.Select((_, i) => $"_k{i}"));
        string joined = string.Join(" AND ", key.Select((column, i) => $"{Compared(column, Rows)} = asked._k{i}"));
        return $"SELECT {columns} FROM unnest({arrays}) AS asked ({names}) JOIN {TableOf(job)} rows ON {joined}";
    }

    /// <summary>The array type of a parameter.</summary>
    public static string TypeOf(TypedKind kind) => kind switch
    {
        TypedKind.Integer => "bigint",
        TypedKind.Number => "numeric",
        TypedKind.Float => "double precision",
        TypedKind.Boolean => "boolean",
        TypedKind.Date => "date",
        TypedKind.LocalDateTime => "timestamp",
        TypedKind.DateTime => "timestamptz",
        _ => "text",
    };

    /// <param name="column">Of the key.</param>
    /// <param name="of">What stands before its name.</param>
    private static string Compared(LookupColumn column, string of) => column.Kind == TypedKind.Text
        ? $"{of}{Identifier.Quote(column.Name)}::text COLLATE \"C\""
        : $"{of}{Identifier.Quote(column.Name)}";

    /// <summary>A value in the binary form of its kind, whatever the type of its column is.</summary>
    private static string Sent(LookupColumn column)
    {
        string name = $"{Rows}{Identifier.Quote(column.Name)}";
        return column.Kind switch
        {
            TypedKind.Integer => $"int8send({name}::bigint)",
            TypedKind.Number => $"numeric_send({name}::numeric)",
            TypedKind.Float => $"float8send({name}::double precision)",
            TypedKind.Boolean => $"boolsend({name})",
            TypedKind.Date => $"date_send({name})",
            TypedKind.LocalDateTime => $"timestamp_send({name})",
            TypedKind.DateTime => $"timestamptz_send({name})",
            _ => $"textsend({name}::text)",
        };
    }
}
