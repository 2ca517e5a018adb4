namespace PipelineService.Access.Keys;

/// <summary>The SQL of keys. Whatever changes them, this or an operator's own, a trigger counts it and tells every instance.</summary>
internal static class KeySql
{
    private const string Columns = """
        id, name, scopes, datasets, source, tenant, hash, hashed_with, previous_hash, previous_until, created_by, created_at, rotated_at,
        expires_at, revoked_at, limits
        """;

    /// <summary>Those that let somebody in; and for a day those that have just expired, whose holders are told so.</summary>
    private const string AreAtHand = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now() - interval '1 day')";

    /// <summary>One more than may be: then something is wrong.</summary>
    public const string Load = $"SELECT {Columns} FROM pipeline.api_keys WHERE {AreAtHand} ORDER BY id LIMIT @limit";

    /// <summary>What has changed since, and whether there ever was a key: the door that the first one closes stays closed.</summary>
    public const string Look = """
        SELECT key_changes AS "Changes", EXISTS (SELECT FROM pipeline.api_keys) AS "HasAny" FROM pipeline.identity
        """;

    /// <summary>Makers of keys take turns, so that there never are more than may be.</summary>
    public const string Insert = $"""
        LOCK TABLE pipeline.api_keys IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO pipeline.api_keys
            (id, name, scopes, datasets, source, tenant, hash, hashed_with, created_by, created_at, expires_at, limits)
        SELECT @Id, @Name, @Scopes, @Datasets, @Source, @Tenant, @Hash, @HashedWith, @CreatedBy, @CreatedAt, @ExpiresAt,
               @Limits::jsonb
        WHERE (SELECT count(*) FROM pipeline.api_keys WHERE {AreAtHand}) < @keysMax
          AND (NOT @isFirst OR NOT EXISTS (SELECT FROM pipeline.api_keys))
        RETURNING name
        """;

    public const string Find = $"SELECT {Columns} FROM pipeline.api_keys WHERE id = @id";

    /// <summary>Newest first; ids are UUIDv7.</summary>
    public const string List = $"""
        SELECT {Columns} FROM pipeline.api_keys
        WHERE (@before::uuid IS NULL OR id < @before) AND (@tenant::text IS NULL OR tenant = @tenant)
          AND (@source::text IS NULL OR source = @source)
        ORDER BY id DESC LIMIT @limit
        """;

    public const string Revoke = """
        UPDATE pipeline.api_keys SET revoked_at = @now, previous_hash = NULL, previous_until = NULL
        WHERE id = @id AND revoked_at IS NULL
        RETURNING name
        """;

    public const string ChangeLimits = $"""
        UPDATE pipeline.api_keys SET limits = @limits::jsonb WHERE id = @id AND revoked_at IS NULL RETURNING {Columns}
        """;

    /// <summary>What was hashed with another secret is no good any more, so that it is not kept beside.</summary>
    public const string Rotate = $"""
        UPDATE pipeline.api_keys
        SET previous_hash = CASE WHEN @previousUntil > @now AND hashed_with = @hashedWith THEN hash END,
            previous_until = CASE WHEN @previousUntil > @now AND hashed_with = @hashedWith THEN @previousUntil END,
            hash = @hash, hashed_with = @hashedWith, rotated_at = @now
        WHERE id = @id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now)
        RETURNING {Columns}
        """;
}
