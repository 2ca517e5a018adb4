namespace PipelineService.Jobs;

/// <summary>
/// The SQL of <see cref="JobQueue"/>. Each statement reads a bounded number of rows, however many jobs wait or have ended. Leases
/// are measured by the database's clock, which all instances share.
/// </summary>
internal static class JobQueueSql
{
    /// <summary>Jobs at the head of the queue of a party that a claim looks at.</summary>
    public const int LookMax = 25;

    /// <summary>Jobs of which a claim takes the first that no other claim has just taken: as many may claim at once.</summary>
    private const string ChoiceMax = "32";

    /// <summary>The same, of each party.</summary>
    private const string ChoiceOfPartyMax = "4";

    private const string NextAttempt = "(attempt + CASE WHEN owner = ANY(@living) THEN 0 ELSE 1 END)";

    private const string IsSuspect = $"({NextAttempt} = @attemptsMax AND @attemptsMax > 1)";

    private const string WaitingIsSuspect = "(attempt + 1 = @attemptsMax AND @attemptsMax > 1)";

    private const string IsDue = "(not_before IS NULL OR not_before <= now())";

    private const string IsWaiting = "finished_at IS NULL AND owner IS NULL AND spool = @spool";

    private const string IsOwned = "finished_at IS NULL AND owner IS NOT NULL AND spool = @spool AND state <> 'receiving'";

    /// <summary>Whether a job that nobody runs waits for nobody's word.</summary>
    private const string IsNotHeld = "waiting_for IS DISTINCT FROM 'approval'";

    private const string InOrder = "ORDER BY not_before NULLS FIRST, id";

    private const string IsOfSize = "(NOT @smallOnly OR upload_bytes < @smallBytes)";

    private const string IsWanted = $"""
        id <> ALL(@left) AND (@suspects OR NOT {WaitingIsSuspect}) AND {IsOfSize}
        AND (dataset, dataset_version) NOT IN (SELECT name, version FROM unnest(@datasets, @versions) AS closed (name, version))
        """;

    private const string IsWantedOfOwned = $"""
        id <> ALL(@left) AND (@suspects OR NOT {IsSuspect}) AND {IsOfSize}
        AND (dataset, dataset_version) NOT IN (SELECT name, version FROM unnest(@datasets, @versions) AS closed (name, version))
        """;

    /// <summary>Jobs whose own lease is over.</summary>
    private const string Lapsed = $"SELECT id, 0 AS place FROM pipeline.jobs WHERE {IsOwned} AND lease_until < now() AND {IsWantedOfOwned}";

    /// <summary>Jobs whose owner's lease is over.</summary>
    private const string Orphaned = $"""
        SELECT owned.id, 0 AS place FROM pipeline.instances i CROSS JOIN LATERAL (
            SELECT id FROM pipeline.jobs
            WHERE {IsOwned} AND lease_until = 'infinity' AND owner = i.id AND {IsWantedOfOwned}
            LIMIT {ChoiceMax}) owned
        WHERE i.lease_until < now()
        """;

    private const string WaitingSuspects = $"""
        SELECT id, 0 AS place FROM pipeline.jobs
        WHERE {IsWaiting} AND attempt > 0 AND attempt = @attemptsMax - 1 AND {IsDue} AND @suspects AND {IsWanted}
        """;

    /// <summary>
    /// The first jobs of each of these parties, in the order in which they are given. Compared as a range, not as equals: else the order
    /// by the whole index would not be asked for, and the one over all parties would be read in the hope of an early find.
    /// </summary>
    private const string HeadsOfParties = $"""
        SELECT head.id, party.place
        FROM unnest(@parties, @froms) WITH ORDINALITY party (name, from_id, place) CROSS JOIN LATERAL (
            (SELECT id FROM (
                SELECT id, dataset, dataset_version, attempt, upload_bytes FROM pipeline.jobs
                WHERE {IsWaiting} AND {JobParty.Sql} >= party.name AND {JobParty.Sql} <= party.name
                  AND not_before IS NULL AND id >= party.from_id
                ORDER BY {JobParty.Sql}, not_before NULLS FIRST, id LIMIT @look) waiting
             WHERE {IsWanted} LIMIT {ChoiceOfPartyMax})
            UNION ALL
            (SELECT id FROM (
                SELECT id, dataset, dataset_version, attempt, upload_bytes FROM pipeline.jobs
                WHERE {IsWaiting} AND {JobParty.Sql} >= party.name AND {JobParty.Sql} <= party.name AND not_before <= now()
                ORDER BY {JobParty.Sql}, not_before NULLS FIRST, id LIMIT @look) due
             WHERE {IsWanted} LIMIT {ChoiceOfPartyMax})) head
        """;

    /// <summary>
    /// The first of each of these versions of datasets. Compared as rows, not as equals: else the order by the whole index
    /// would not be asked for, and the one over all datasets would be read in the hope of an early find.
    /// </summary>
    private const string HeadOfEach = $"""
        SELECT first.id, 0 AS place
        FROM unnest(@datasets, @versions) open (name, version) CROSS JOIN LATERAL (
            SELECT id, not_before FROM pipeline.jobs
            WHERE {IsWaiting} AND (dataset, dataset_version) >= (name, version) AND (dataset, dataset_version) <= (name, version)
              AND id <> ALL(@left) AND (@suspects OR NOT {WaitingIsSuspect}) AND {IsOfSize}
            ORDER BY dataset, dataset_version, not_before NULLS FIRST, id LIMIT 1) first
        WHERE {IsDue}
        """;

    /// <summary>Where a job stands among the candidates.</summary>
    private const string Place = """
        (ARRAY (SELECT place FROM candidate ORDER BY id, place))[array_position(ARRAY (SELECT id FROM candidate ORDER BY id, place), id)]
        """;

    /// <remarks>
    /// NO KEY, because each checkpoint in an open transaction holds its job's row by the foreign key: FOR UPDATE would pass
    /// over a job for as long as the instance that hangs keeps its transactions open.
    /// </remarks>
    private const string TakeFirst = $"""
        next AS (
            SELECT id AS next_id, {NextAttempt} AS next_attempt, {Place} AS next_place
            FROM pipeline.jobs
            WHERE id = ANY (ARRAY (SELECT id FROM candidate)) AND finished_at IS NULL AND state <> 'receiving'
              AND {JobLeaseSql.IsFree} AND {IsDue}
            ORDER BY {IsSuspect} DESC, {Place}, not_before NULLS FIRST, id
            LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED)
        UPDATE pipeline.jobs
        SET owner = @owner, lease_until = 'infinity', epoch = epoch + 1, attempt = next_attempt, not_before = NULL,
            state = CASE WHEN state = 'queued' THEN 'running' ELSE state END,
            started_at = coalesce(started_at, @now), revision = revision + 1
        FROM next
        WHERE id = next_id
        RETURNING {JobSql.Columns},
            next_place > 0 AND (SELECT count(*) FROM candidate WHERE place = next_place) < 2 AS is_last
        """;

    /// <summary>For the statements that follow it in a transaction.</summary>
    public const string PlanOnce = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)";

    /// <summary>
    /// Takes a job that nobody runs: one of the queue, or one whose owner's lease has run out. That is an attempt, unless its
    /// owner lives and could not renew the lease, in an outage: then nothing has died. What had begun comes first; then the parties in
    /// their order, of each the oldest of those that were not tried yet, then the one that waits for longest; suspects (their last
    /// attempt is next) before all others, when they are asked for.
    /// </summary>
    public const string ClaimFirst = $"""
        WITH candidate AS (
            ({Lapsed} LIMIT {ChoiceMax})
            UNION ALL
            ({Orphaned} LIMIT {ChoiceMax})
            UNION ALL
            ({WaitingSuspects} LIMIT {ChoiceMax})
            UNION ALL
            ({HeadsOfParties})),
        {TakeFirst}
        """;

    /// <summary>The same of some versions of datasets, wherever in the queue their jobs are.</summary>
    public const string ClaimFirstOf = $"""
        WITH candidate AS (
            {HeadOfEach}),
        {TakeFirst}
        """;

    /// <summary>
    /// Versions of datasets for which jobs wait: the first ones behind the one that is given, in the order of their names.
    /// </summary>
    public const string FindDatasets = $"""
        WITH RECURSIVE waiting AS (
            (SELECT dataset, dataset_version FROM pipeline.jobs
             WHERE {IsWaiting} AND (dataset, dataset_version) > (@dataset, @version)
             ORDER BY dataset, dataset_version LIMIT 1)
            UNION ALL
            SELECT another.* FROM waiting w CROSS JOIN LATERAL (
                SELECT dataset, dataset_version FROM pipeline.jobs
                WHERE {IsWaiting} AND (dataset, dataset_version) > (w.dataset, w.dataset_version)
                ORDER BY dataset, dataset_version LIMIT 1) another)
        SELECT dataset, dataset_version FROM waiting LIMIT @look
        """;

    /// <summary>Parties that have jobs in the queue: the first ones behind the one that is given, in the order of their names.</summary>
    public const string FindParties = $"""
        WITH RECURSIVE waiting AS (
            (SELECT {JobParty.Sql} AS party FROM pipeline.jobs
             WHERE {IsWaiting} AND {JobParty.Sql} > @party
             ORDER BY {JobParty.Sql} LIMIT 1)
            UNION ALL
            SELECT another.* FROM waiting w CROSS JOIN LATERAL (
                SELECT {JobParty.Sql} AS party FROM pipeline.jobs
                WHERE {IsWaiting} AND {JobParty.Sql} > w.party
                ORDER BY {JobParty.Sql} LIMIT 1) another)
        SELECT party FROM waiting LIMIT @look
        """;

    public const string HasSuspect = $"""
        SELECT EXISTS (SELECT FROM pipeline.jobs WHERE {IsOwned} AND {JobLeaseSql.IsFree} AND {IsSuspect})
            OR EXISTS (SELECT FROM pipeline.jobs WHERE {IsWaiting} AND attempt > 0 AND attempt = @attemptsMax - 1 AND {IsDue})
        """;

    /// <summary>
    /// Jobs of those in front that have waited for so long without being run. Those that wait for somebody's word are none.
    /// </summary>
    public const string CountWaiting = $"""
        SELECT count(*) FROM (
            SELECT coalesce(received_at, created_at) AS since FROM pipeline.jobs
            WHERE {IsWaiting} AND state = 'queued' AND {IsNotHeld} {InOrder} LIMIT @look) head
        WHERE since < now() - @age
        """;

    /// <summary>
    /// All jobs that nobody runs but could, up to a bound: how many each party has, of how many bytes, and since when the oldest of them waits.
    /// </summary>
    public const string Count = $"""
        SELECT party, count(*) AS jobs, sum(bytes)::bigint AS bytes, min(since) AS oldest
        FROM (
            (SELECT {JobParty.Sql} AS party, upload_bytes AS bytes, coalesce(received_at, created_at) AS since
             FROM pipeline.jobs WHERE {IsWaiting} AND {IsNotHeld} {InOrder} LIMIT @look)
            UNION ALL
            (SELECT {JobParty.Sql}, upload_bytes, coalesce(received_at, created_at)
             FROM pipeline.jobs WHERE {IsOwned} AND {JobLeaseSql.IsFree} LIMIT @look)) waiting
        GROUP BY party
        """;

    /// <summary>
    /// How many bytes of uploads a second all instances together have loaded, over the last minutes in which jobs ended. NULL: none did.
    /// </summary>
    public const string Pace = """
        SELECT sum(bytes)::float8 / (60 * count(DISTINCT minute)) FROM pipeline.usage_minutes
        WHERE minute >= now() - interval '15 minutes' AND minute < date_trunc('minute', now())
        """;
}
