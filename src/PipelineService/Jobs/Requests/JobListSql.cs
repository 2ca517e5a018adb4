namespace PipelineService.Jobs.Requests;

/// <summary>
/// The SQL that lists jobs, newest first. Each statement is planned with its values, so conditions that ask for nothing cost
/// nothing, and the index that fits is taken.
/// </summary>
internal static class JobListSql
{
    private const string Conditions = """
        deleted_at IS NULL
          AND (@Dataset::text IS NULL OR dataset = @Dataset)
          AND (@States::text[] IS NULL OR state = ANY (@States))
          AND (NOT @IsOpen OR finished_at IS NULL)
          AND (@Source::text IS NULL OR source = @Source)
          AND (@Batch::uuid IS NULL OR batch = @Batch)
          AND (@Tenant::text IS NULL OR tenant = @Tenant)
          AND (@DatasetNames::text[] IS NULL OR dataset = ANY (@DatasetNames) OR dataset ^@ ANY (@DatasetPrefixes))
          AND (@CreatedAfter::timestamptz IS NULL OR created_at >= @CreatedAfter)
          AND (@CreatedBefore::timestamptz IS NULL OR created_at < @CreatedBefore)
          AND (@FinishedAfter::timestamptz IS NULL OR finished_at >= @FinishedAfter)
          AND (@FinishedBefore::timestamptz IS NULL OR finished_at < @FinishedBefore)
          AND (@From::uuid IS NULL OR id >= @From)
          AND (@Until::uuid IS NULL OR id < @Until)
        """;

    private const string OfAll = $"""
        SELECT {JobSql.Columns} FROM pipeline.jobs WHERE {Conditions} ORDER BY id DESC LIMIT @Look
        """;

    /// <summary>
    /// By the datasets that load into the table, and the newest of each from its own index: one query over all jobs would have
    /// to pass over those of other tables. Not by equality: else the order of that index would not be asked for, and the one
    /// over all jobs be read in the hope of an early find.
    /// </summary>
    private const string OfTable = $"""
        SELECT newest.*
        FROM (SELECT v.dataset AS name, array_agg(v.version) AS versions
              FROM pipeline.dataset_versions v WHERE v.definition #>> '{"{load,table}"}' = @Table GROUP BY v.dataset) target
        CROSS JOIN LATERAL (
            SELECT {JobSql.Columns} FROM pipeline.jobs
            WHERE dataset >= target.name AND dataset <= target.name AND dataset_version = ANY (target.versions) AND {Conditions}
            ORDER BY dataset, id DESC LIMIT @Look) newest
        ORDER BY id DESC LIMIT @Look
        """;

    private const string HasText = """
        (@Text::text IS NULL OR strpos(lower(concat_ws(
            E'\n', source, idempotency_key, error ->> 'code', error ->> 'title', error ->> 'detail')), lower(@Text)) > 0)
        """;

    private const string PageOf = $"WHERE {HasText} ORDER BY id DESC LIMIT @Limit + 1) j {JobSql.Progress} ORDER BY j.id DESC";

    private const string EndOf = "ORDER BY id DESC OFFSET @Look - 1 LIMIT 1";

    /// <summary>One job more than fits the page, if there is one.</summary>
    public static string Page(JobFilter filter) => filter.Table is null
        ? $"{JobSql.WithProgress} (SELECT * FROM ({OfAll}) looked {PageOf}"
        : $"{JobSql.WithProgress} (SELECT * FROM ({OfTable}) looked {PageOf}";

    /// <summary>The last job that was looked at, when there are as many as may be; else no row.</summary>
    public static string LastLooked(JobFilter filter) => filter.Table is null
        ? $"SELECT id FROM ({OfAll}) looked {EndOf}"
        : $"SELECT id FROM ({OfTable}) looked {EndOf}";
}
