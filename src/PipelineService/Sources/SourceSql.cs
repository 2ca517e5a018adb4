namespace PipelineService.Sources;

/// <summary>The SQL of <see cref="SourceStore"/> and <see cref="SourceLedger"/>.</summary>
internal static class SourceSql
{
    private const string Columns = """
        name, kind, dataset, label, content_type, settings::text AS settings, paused, tenant, owner_key,
        pipeline.is_good_key(owner_key) AS is_owner_good,
        EXISTS (SELECT FROM pipeline.instances i WHERE i.id = runner AND i.lease_until >= now()) AS is_run,
        error::text AS error, error_at, looked_at, waiting, waiting_bytes, waiting_since, skipped, position, taken, refused, last_taken_at,
        wakes,
        created_by, created_at, updated_at, id
        """;

    public const string List = $"SELECT {Columns} FROM pipeline.sources ORDER BY name";

    public const string Find = $"SELECT {Columns} FROM pipeline.sources WHERE name = @name";

    public const string FindToChange = $"{Find} FOR UPDATE";

    /// <summary>"sources" in ASCII. One is made at a time, so that there are no more than may be.</summary>
    public const string LockNames = "SELECT pg_advisory_xact_lock(x'736F7572636573'::bigint)";

    public const string Count = "SELECT count(*) FROM pipeline.sources";

    public const string Insert = """
        INSERT INTO pipeline.sources
            (name, kind, dataset, label, content_type, settings, paused, tenant, owner_key, created_by, created_at, updated_at, id)
        VALUES
            (@Name, @Kind, @Dataset, @Label, @ContentType, @Settings::jsonb, @Paused, @Tenant, @OwnerKey, @CreatedBy, @CreatedAt, @UpdatedAt,
             @Id)
        """;

    /// <summary>What was wrong before says nothing of what it is now.</summary>
    public const string Update = """
        UPDATE pipeline.sources
        SET dataset = @Dataset, label = @Label, content_type = @ContentType, settings = @Settings::jsonb, paused = @Paused,
            tenant = @Tenant, owner_key = @OwnerKey, updated_at = @UpdatedAt, error = NULL, error_at = NULL
        WHERE id = @Id
        """;

    public const string Pause = "UPDATE pipeline.sources SET paused = @paused, updated_at = @now WHERE id = @id";

    public const string Wake = "UPDATE pipeline.sources SET wakes = wakes + 1 WHERE id = @id";

    public const string Delete = "DELETE FROM pipeline.sources WHERE id = @id";

    /// <summary>
    /// Takes over sources that no living instance looks after, up to <c>@max</c>, and answers with all that this one does. Whoever has
    /// another's for dead while that goes on does no harm: what both take is registered once.
    /// </summary>
    public const string Claim = $"""
        UPDATE pipeline.sources SET runner = @instance
        WHERE id IN (SELECT id FROM pipeline.sources s
                     WHERE NOT paused AND runner IS DISTINCT FROM @instance AND pipeline.is_good_key(owner_key)
                       AND NOT EXISTS (SELECT FROM pipeline.instances i WHERE i.id = s.runner AND i.lease_until >= now())
                     ORDER BY id LIMIT @max FOR UPDATE SKIP LOCKED);
        SELECT {Columns} FROM pipeline.sources
        WHERE runner = @instance AND NOT paused AND pipeline.is_good_key(owner_key)
        """;

    public const string Release = "UPDATE pipeline.sources SET runner = NULL WHERE runner = @instance";

    public const string Tell = """
        UPDATE pipeline.sources
        SET looked_at = @now, waiting = @objects, waiting_bytes = @bytes, waiting_since = @since, skipped = @skipped,
            error = NULL, error_at = NULL
        WHERE id = @id
        """;

    public const string TellFault = "UPDATE pipeline.sources SET error = @error::jsonb, error_at = @now WHERE id = @id";

    public const string Known = "SELECT object, version FROM pipeline.source_objects WHERE source = @id AND object = ANY (@names)";

    public const string ToPutAway = """
        SELECT n AS number, object AS name, version, state = 'refused' AS is_refused FROM pipeline.source_objects
        WHERE source = @id AND NOT put_away AND n > @after ORDER BY n LIMIT @max
        """;

    public const string PutAway = "UPDATE pipeline.source_objects SET put_away = true WHERE source = @id AND n = @number";

    public const string Refuse = """
        WITH written AS (
            INSERT INTO pipeline.source_objects (source, object, version, bytes, state, error, put_away, stays)
            SELECT id, @name, @version, @bytes, 'refused', @error::jsonb, settings ->> 'after' = 'keep', settings ->> 'after' = 'keep'
            FROM pipeline.sources WHERE id = @id
            ON CONFLICT (source, object, version) DO NOTHING
            RETURNING source)
        UPDATE pipeline.sources SET refused = refused + 1 WHERE id IN (SELECT source FROM written)
        """;

    /// <summary>What lies there no more, the oldest first. What was left there would be taken once more.</summary>
    public const string Forget = """
        DELETE FROM pipeline.source_objects
        WHERE source = @id AND n = ANY (ARRAY(
            SELECT n FROM pipeline.source_objects
            WHERE source = @id AND put_away AND NOT stays AND at < @before ORDER BY n LIMIT @max))
        """;

    public const string TellMessages = """
        UPDATE pipeline.sources
        SET looked_at = @now, waiting = @messages, waiting_bytes = NULL, waiting_since = @since, error = NULL, error_at = NULL
        WHERE id = @id
        """;

    public const string Position = """
        SELECT position AS number, position_mark AS mark FROM pipeline.sources WHERE id = @id AND position IS NOT NULL
        """;

    /// <summary>
    /// A message that cannot be taken is passed over, and told of. Whoever was faster has moved the position: then nothing is written.
    /// </summary>
    public const string RefuseMessage = """
        WITH moved AS (
            UPDATE pipeline.sources SET position = @until, position_mark = @mark, refused = refused + 1
            WHERE id = @id AND position IS NOT DISTINCT FROM @after
            RETURNING id)
        INSERT INTO pipeline.source_objects (source, object, version, bytes, state, error, put_away)
        SELECT id, @name, @mark, @bytes, 'refused', @error::jsonb, true FROM moved
        """;

    /// <summary>Numbers whose messages the broker has dropped before they were taken.</summary>
    public const string PassOver = """
        UPDATE pipeline.sources SET position = @until, position_mark = @mark, skipped = coalesce(skipped, 0) + @until - @after
        WHERE id = @id AND position = @after
        """;

    public const string Objects = """
        SELECT object, version, bytes, state, job_id, error::text AS error, put_away, at, n FROM pipeline.source_objects
        WHERE source = @id AND (@state::text IS NULL OR state = @state) AND (@before::bigint IS NULL OR n < @before)
        ORDER BY n DESC LIMIT @limit
        """;
}
