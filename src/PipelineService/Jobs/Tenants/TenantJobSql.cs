namespace PipelineService.Jobs.Tenants;

/// <summary>The SQL that shows what tenants have in the queue, what runs of theirs, and what their part of the last hour was.</summary>
internal static class TenantJobSql
{
    /// <summary>Jobs of the queue, and jobs that have ended, that a look reads at most. It takes some 100 ms.</summary>
    private const string LookMax = "100000";

    private const string Known = $"""
        WITH waiting AS (
            SELECT party, count(*) AS jobs, sum(upload_bytes)::bigint AS bytes, min(since) AS oldest
            FROM (SELECT {JobParty.Sql} AS party, upload_bytes, coalesce(received_at, created_at) AS since
                  FROM pipeline.jobs WHERE finished_at IS NULL AND owner IS NULL LIMIT {LookMax}) queued
            GROUP BY party),
        running AS (
            SELECT {JobParty.Sql} AS party, count(*) AS jobs FROM pipeline.jobs
            WHERE finished_at IS NULL AND owner IS NOT NULL GROUP BY 1),
        ended AS (
            SELECT party, sum(upload_bytes) AS bytes
            FROM (SELECT {JobParty.Sql} AS party, upload_bytes FROM pipeline.jobs
                  WHERE finished_at > now() - interval '1 hour' ORDER BY finished_at DESC LIMIT {LookMax}) last
            GROUP BY party),
        known AS (
            SELECT party FROM waiting UNION SELECT party FROM running UNION SELECT party FROM ended
            UNION SELECT name COLLATE "C" FROM pipeline.tenants)
        SELECT known.party AS name, coalesce(t.weight, 1) AS weight, t.sessions_max, t.queued_bytes_max, t.limits,
               coalesce(w.jobs, 0) AS waiting, coalesce(w.bytes, 0) AS waiting_bytes, w.oldest, coalesce(r.jobs, 0) AS running,
               coalesce(round(e.bytes / nullif((SELECT sum(bytes) FROM ended), 0), 4), 0)::double precision AS share
        FROM known
        LEFT JOIN pipeline.tenants t ON t.name = known.party
        LEFT JOIN waiting w ON w.party = known.party
        LEFT JOIN running r ON r.party = known.party
        LEFT JOIN ended e ON e.party = known.party
        """;

    public const string Page = $"{Known} WHERE known.party > @after COLLATE \"C\" ORDER BY known.party LIMIT @limit";

    public const string One = $"{Known} WHERE known.party = @name";
}
