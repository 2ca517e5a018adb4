namespace PipelineService.Figures;

/// <summary>The SQL of figures: how they are gathered, cleared away and read.</summary>
internal static class FigureSql
{
    /// <summary>At most @batch entries, whatever the database has for default isolation.</summary>
    public const string Gather = "SELECT pipeline.gather_usage(@batch)";

    /// <summary>Some of the rows of minutes before @before, of each of the tables.</summary>
    public static readonly string Clean = $"""
        WITH minutes AS ({Oldest("usage_minutes")}), codes AS ({Oldest("usage_rejects")}), latencies AS ({Oldest("usage_latencies")})
        SELECT (SELECT count(*) FROM minutes) + (SELECT count(*) FROM codes) + (SELECT count(*) FROM latencies)
        """;

    /// <summary>What everything is asked for by; what a job's row says without a source or tenant is '' here.</summary>
    private const string Conditions = """
        minute >= @From AND minute < @To
        AND (@Source::text IS NULL OR source = @Source) AND (@CallerSource::text IS NULL OR source = @CallerSource)
        AND (@Tenant::text IS NULL OR tenant = @Tenant)
        AND (@Names::text[] IS NULL OR dataset = ANY (@Names) OR dataset ^@ ANY (@Prefixes))
        AND (@CallerNames::text[] IS NULL OR dataset = ANY (@CallerNames) OR dataset ^@ ANY (@CallerPrefixes))
        """;

    private const string Keys = """
        CASE WHEN @ByDataset THEN dataset ELSE '' END AS of_dataset, CASE WHEN @BySource THEN source ELSE '' END AS of_source,
        floor(extract(epoch FROM minute - @From) / @StepSeconds)::int AS step
        """;

    private const string Columns =
        "minute, dataset, source, tenant, jobs, failed, cancelled, bytes, loaded, rejected, filtered, reverted";

    /// <summary>
    /// The largest groups, one more than are wanted, step by step. Jobs that commit chunk by chunk are there before they end: what has
    /// landed of them, as their end will count it.
    /// </summary>
    public const string Sums = $"""
        WITH seen AS (
            SELECT {Columns} FROM pipeline.usage_minutes
            UNION ALL
            SELECT {Columns} FROM pipeline.usage_entries
            UNION ALL
            SELECT date_trunc('minute', c.committed_at), j.dataset, coalesce(j.source, ''), coalesce(j.tenant, ''),
                   0, 0, 0, 0, c.loaded, c.rejected, c.filtered, 0
            FROM pipeline.jobs j JOIN pipeline.job_chunks c ON c.job_id = j.id
            WHERE j.finished_at IS NULL AND j.state <> 'committing' AND c.committed_at >= @From AND c.committed_at < @To),
        summed AS MATERIALIZED (
            SELECT {Keys}, sum(jobs)::bigint AS jobs, sum(failed)::bigint AS failed, sum(cancelled)::bigint AS cancelled,
                   sum(bytes)::bigint AS bytes, sum(loaded)::bigint AS loaded, sum(rejected)::bigint AS rejected,
                   sum(filtered)::bigint AS filtered, sum(reverted)::bigint AS reverted
            FROM seen WHERE {Conditions} GROUP BY 1, 2, 3),
        largest AS (
            SELECT of_dataset, of_source, row_number() OVER (
                       ORDER BY sum(loaded + rejected + filtered) DESC, sum(jobs) DESC,
                                of_dataset COLLATE "C", of_source COLLATE "C") AS rank
            FROM summed GROUP BY 1, 2 ORDER BY rank LIMIT @Limit + 1)
        SELECT of_dataset AS dataset, of_source AS source, rank, step, jobs, failed, cancelled, bytes, loaded, rejected, filtered, reverted
        FROM summed JOIN largest USING (of_dataset, of_source) ORDER BY rank, step
        """;

    private const string OfGroups = """
        (of_dataset, of_source) IN (SELECT d, s FROM unnest(@Datasets, @Sources) g (d, s))
        """;

    /// <summary>Why records of these groups were rejected.</summary>
    public const string Rejects = $"""
        SELECT of_dataset AS dataset, of_source AS source, step, code, sum(records)::bigint AS records
        FROM (
            SELECT {Keys}, code, records FROM (
                SELECT minute, dataset, source, tenant, code, records FROM pipeline.usage_rejects
                UNION ALL
                SELECT e.minute, e.dataset, e.source, e.tenant, r.code, r.records
                FROM pipeline.usage_entries e CROSS JOIN LATERAL pipeline.rejects_by_code(e.rejects) r WHERE e.rejects IS NOT NULL) seen
            WHERE {Conditions}) keyed
        WHERE {OfGroups} GROUP BY 1, 2, 3, 4
        """;

    /// <summary>How long their jobs took from the last byte to the end.</summary>
    public const string Latencies = $"""
        SELECT of_dataset AS dataset, of_source AS source, step, bucket, sum(jobs)::bigint AS jobs
        FROM (
            SELECT {Keys}, bucket, jobs FROM (
                SELECT minute, dataset, source, tenant, bucket, jobs FROM pipeline.usage_latencies
                UNION ALL
                SELECT minute, dataset, source, tenant, latency, jobs FROM pipeline.usage_entries WHERE latency IS NOT NULL) seen
            WHERE {Conditions}) keyed
        WHERE {OfGroups} GROUP BY 1, 2, 3, 4 ORDER BY bucket
        """;

    private static string Oldest(string table) => $"""
        DELETE FROM pipeline.{table} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM pipeline.{table} WHERE minute < @before ORDER BY minute LIMIT @batch)) RETURNING 1
        """;
}
