namespace PipelineService.Events;

/// <summary>The SQL of <see cref="EventStore"/> and <see cref="EventCleaner"/>.</summary>
internal static class EventSql
{
    /// <summary>Not what the database has for default: what is numbered is what is visible when the lock is there.</summary>
    public const string Begin = "BEGIN ISOLATION LEVEL READ COMMITTED";

    /// <summary>At most $1 of them.</summary>
    public const string Number = "SELECT head, gone, numbered, has_webhooks FROM pipeline.number_events($1)";

    public const string Columns = "p.position, e.id, e.type, e.dataset, e.version, e.tenant, e.source, e.job_id, e.at, e.data::text";

    private const string Log = """
        FROM pipeline.event_positions p JOIN pipeline.events e ON e.xid = p.xid AND e.n = p.n AND e.slot = p.slot
        """;

    /// <summary>Behind $1, up to $2, at most $3.</summary>
    public const string Page = $"SELECT {Columns} {Log} WHERE p.position > $1 AND p.position <= $2 ORDER BY p.position LIMIT $3";

    /// <summary>Of the job $1 behind $2. A job has few: it waits now and then.</summary>
    public const string OfJob = $"""
        SELECT {Columns}
        FROM pipeline.events e JOIN pipeline.event_positions p ON p.n = e.n AND p.slot = e.slot
        WHERE e.job_id = $1 AND p.position > $2 ORDER BY p.position LIMIT 1000
        """;

    /// <summary>Where the log begins and ends.</summary>
    public const string Ends = """
        SELECT greatest(coalesce((SELECT p.position FROM pipeline.event_positions p ORDER BY p.position DESC LIMIT 1), 0), f.position), f.position
        FROM pipeline.event_floor f
        """;

    /// <summary>The day of the database's clock, as slots count them.</summary>
    public const string Today = "SELECT floor(extract(epoch FROM clock_timestamp()) / 86400)::bigint";

    /// <summary>Whoever reads these days right now is not waited for: the next round comes.</summary>
    public const string LockBriefly = "SELECT set_config('lock_timeout', '200ms', true)";

    public const string Drop = "SELECT pipeline.drop_events($1)";

    /// <summary>
    /// What a service that did not run for so many days finds in the part of today ($1): rows of its last turn. The first row tells
    /// whether there are any.
    /// </summary>
    public const string DropStale = """
        WITH stale AS (
            DELETE FROM pipeline.events
            WHERE slot = $1 AND at < now() - interval '15 days'
              AND (SELECT at FROM pipeline.events WHERE slot = $1 ORDER BY xid, n LIMIT 1) < now() - interval '15 days'
            RETURNING n),
        unsent AS (DELETE FROM pipeline.deliveries WHERE slot = $1 AND n IN (SELECT n FROM stale)),
        gone AS (DELETE FROM pipeline.event_positions WHERE slot = $1 AND n IN (SELECT n FROM stale) RETURNING position)
        UPDATE pipeline.event_floor SET position = greatest(position, (SELECT max(position) FROM gone))
        WHERE EXISTS (SELECT FROM gone)
        """;
}
