namespace PipelineService.Events.Webhooks;

/// <summary>The SQL of <see cref="WebhookStore"/>.</summary>
internal static class WebhookSql
{
    private const string Columns = """
        name, url, types, datasets, disabled, disabled_reason, tenant, source, owner_datasets, owner_key,
        pipeline.is_good_key(owner_key) AS is_owner_good, created_by, created_at, updated_at, rotated_at, id, header_names, headers, secret,
        previous_secret, previous_until
        """;

    public const string List = $"SELECT {Columns} FROM pipeline.webhooks ORDER BY name";

    public const string Find = $"SELECT {Columns} FROM pipeline.webhooks WHERE name = @name";

    public const string FindToChange = $"{Find} FOR UPDATE";

    /// <summary>"webhooks" in ASCII. One is made at a time, so that there are no more than may be.</summary>
    public const string LockNames = "SELECT pg_advisory_xact_lock(x'776562686F6F6B73'::bigint)";

    public const string Count = "SELECT count(*) FROM pipeline.webhooks";

    public const string Insert = """
        INSERT INTO pipeline.webhooks
            (name, url, types, datasets, disabled, tenant, source, owner_datasets, owner_key, created_by, created_at, updated_at, id,
             header_names, headers, secret)
        VALUES
            (@Name, @Url, @Types::text[], @Datasets::text[], @Disabled, @Tenant, @Source, @OwnerDatasets, @OwnerKey, @CreatedBy, @CreatedAt,
             @UpdatedAt, @Id, @HeaderNames, @Headers, @Secret)
        """;

    /// <summary>What it may be told of stays as it was made, whoever changes it.</summary>
    public const string Update = """
        UPDATE pipeline.webhooks
        SET url = @Url, types = @Types::text[], datasets = @Datasets::text[], disabled = @Disabled,
            disabled_reason = CASE WHEN @Disabled THEN disabled_reason END, owner_key = @OwnerKey, updated_at = @UpdatedAt,
            header_names = @HeaderNames, headers = @Headers
        WHERE id = @Id
        """;

    public const string Rotate = """
        UPDATE pipeline.webhooks
        SET previous_secret = CASE WHEN @until > @now THEN secret END, previous_until = CASE WHEN @until > @now THEN @until END,
            secret = @secret, rotated_at = @now, updated_at = @now
        WHERE id = @id
        """;

    public const string Disable = """
        UPDATE pipeline.webhooks SET disabled = true, disabled_reason = @reason, updated_at = @now WHERE id = @id AND NOT disabled
        """;

    /// <summary>Its deliveries are nobody's from then on, and go with their days.</summary>
    public const string Delete = "DELETE FROM pipeline.webhooks WHERE id = @id";

    /// <summary>Those that something is due for.</summary>
    public const string FindDue = $"""
        SELECT {Columns} FROM pipeline.webhooks w
        WHERE NOT disabled AND pipeline.is_good_key(owner_key)
          AND EXISTS (SELECT FROM pipeline.deliveries d WHERE d.webhook = w.id AND d.state = 'pending' AND d.next_at <= now())
        """;

    /// <summary>Those that more than @max wait for.</summary>
    public const string FindOverfull = $"""
        SELECT {Columns} FROM pipeline.webhooks w
        WHERE NOT disabled
          AND (SELECT count(*) FROM (SELECT FROM pipeline.deliveries d WHERE d.webhook = w.id AND d.state = 'pending' LIMIT @max + 1) first) > @max
        """;
}
