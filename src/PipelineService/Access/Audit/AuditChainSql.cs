namespace PipelineService.Access.Audit;

/// <summary>The SQL of <see cref="AuditLinker"/>.</summary>
internal static class AuditChainSql
{
    /// <summary>"audit" in ASCII. One linker a database, whatever number of instances there are.</summary>
    public const string TryLock = "SELECT pg_try_advisory_xact_lock(x'6175646974'::bigint)";

    /// <summary>The last link, if there is one, and what is visible now.</summary>
    public const string Tail = """
        SELECT tail.seq, tail.hash, tail.seen::text, pg_current_snapshot()::text
        FROM (VALUES (1)) one
        LEFT JOIN LATERAL (SELECT seq, hash, seen FROM pipeline.audit_links ORDER BY seq DESC LIMIT 1) tail ON true
        """;

    /// <summary>
    /// Entries that came to be visible since the snapshot ($1 its end, $2 what was open in it), by their transactions. Beyond the present
    /// end there can be none, but in a database that was restored: those are linked.
    /// </summary>
    private const string Since = """
        FROM (SELECT * FROM pipeline.audit WHERE xid = ANY ($2::text[]::xid8[])
              UNION ALL
              SELECT * FROM pipeline.audit WHERE xid >= $1::text::xid8 AND xid < pg_snapshot_xmax(pg_current_snapshot())) a
        """;

    private const string All = "FROM pipeline.audit a";

    private const string Unlinked = "WHERE NOT EXISTS (SELECT FROM pipeline.audit_links l WHERE l.audit_id = a.id)";

    private const string Columns = "a.id, a.at, a.actor, a.action, a.object, a.dataset, a.outcome, host(a.ip), a.detail::text";

    /// <summary>At most $3 of them, with their transaction and what is visible to this statement.</summary>
    public const string FindSince = $"""
        SELECT {Columns}, a.xid::text, pg_current_snapshot()::text {Since} {Unlinked} ORDER BY a.xid, a.at, a.id LIMIT $3
        """;

    /// <summary>
    /// All that have no link, whatever transactions wrote them: for a database that was restored into a server that has counted fewer
    /// transactions. It reads the whole table, once.
    /// </summary>
    public const string FindAll = $"""
        SELECT {Columns}, a.xid::text, pg_current_snapshot()::text {All} {Unlinked} ORDER BY a.at, a.id LIMIT $1
        """;

    /// <summary>How many there are, up to $3.</summary>
    public const string CountSince = $"SELECT count(*) FROM (SELECT {Since} {Unlinked} LIMIT $3) unlinked";

    public const string Append = """
        INSERT INTO pipeline.audit_links (seq, audit_id, prev, hash, seen)
        SELECT seq, audit_id, prev, hash, seen::pg_snapshot
        FROM unnest($1::bigint[], $2::uuid[], $3::bytea[], $4::bytea[], $5::text[]) link (seq, audit_id, prev, hash, seen)
        """;
}
