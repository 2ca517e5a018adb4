namespace PipelineService.Events.Webhooks;

/// <summary>The SQL of <see cref="DeliveryStore"/>. Times are the database's, which all instances share.</summary>
internal static class DeliverySql
{
    private const string Event = "JOIN pipeline.events e ON e.xid = d.xid AND e.n = d.n AND e.slot = d.slot";

    /// <summary>
    /// Takes what is due of these webhooks ($1), at most so many of each ($2), and puts it off for as long as an attempt may take ($3): if
    /// it
    /// is not marked by then, whoever took it has died, and it is sent again.
    /// </summary>
    public const string Claim = $"""
        WITH chosen AS (
            SELECT due.* FROM unnest($1::uuid[], $2::int[]) open (id, room) CROSS JOIN LATERAL (
                SELECT webhook, position, slot FROM pipeline.deliveries
                WHERE webhook = open.id AND state = 'pending' AND next_at <= now()
                ORDER BY next_at, position LIMIT open.room FOR UPDATE SKIP LOCKED) due),
        d AS (
            UPDATE pipeline.deliveries t SET attempt = t.attempt + 1, next_at = now() + $3
            FROM chosen c WHERE t.webhook = c.webhook AND t.position = c.position AND t.slot = c.slot
            RETURNING t.*)
        SELECT d.id, d.webhook, d.slot, d.attempt,
               d.position, e.id, e.type, e.dataset, e.version, e.tenant, e.source, e.job_id, e.at, e.data::text
        FROM d {Event} ORDER BY d.position
        """;

    /// <summary>
    /// What became of an attempt. Nothing, when somebody else has taken it meanwhile, or has asked for it anew.
    /// </summary>
    public const string Mark = """
        UPDATE pipeline.deliveries
        SET state = @State, next_at = CASE WHEN @State = 'pending' THEN now() + @Pause END, status = @Status, ms = @Milliseconds,
            error = @Error, answer = @Answer, finished_at = CASE WHEN @State <> 'pending' THEN clock_timestamp() END
        WHERE webhook = @Webhook AND position = @Position AND slot = @Slot AND attempt = @Attempt AND state = 'pending'
        """;

    /// <summary>It was not sent, since this instance stops: that was no attempt.</summary>
    public const string GiveBack = """
        UPDATE pipeline.deliveries SET attempt = attempt - 1, next_at = now()
        WHERE webhook = @Webhook AND position = @Position AND slot = @Slot AND attempt = @Attempt AND state = 'pending'
        """;

    private const string Shown = """
        d.id, d.position, d.state, d.attempt, d.created_at, d.next_at, d.finished_at, d.status, d.ms, d.error, d.answer, e.id AS event_id,
        e.type, coalesce('job/' || e.job_id, 'dataset/' || e.dataset) AS subject, e.dataset
        """;

    public const string List = $"""
        SELECT {Shown}
        FROM pipeline.deliveries d {Event}
        WHERE d.webhook = @webhook AND (@state::text IS NULL OR d.state = @state) AND (@before::bigint IS NULL OR d.position < @before)
        ORDER BY d.position DESC LIMIT @limit
        """;

    /// <summary>From the beginning: as many attempts as a new one has.</summary>
    public const string Again = $"""
        WITH d AS (
            UPDATE pipeline.deliveries
            SET state = 'pending', attempt = 0, next_at = now(), finished_at = NULL
            WHERE webhook = @webhook AND id = @id
            RETURNING *)
        SELECT {Shown} FROM d {Event}
        """;
}
