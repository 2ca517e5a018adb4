namespace PipelineService.Access.Tenants;

/// <summary>The SQL of what is said of tenants, and of the limits of datasets. Triggers tell every instance of a change.</summary>
internal static class TenantSql
{
    private const string Columns = "name, weight, sessions_max, queued_bytes_max, limits, updated_at";

    public const string Load = $"SELECT {Columns} FROM pipeline.tenants";

    public const string LoadDatasets = "SELECT name, limits::text FROM pipeline.datasets WHERE limits IS NOT NULL AND deleted_at IS NULL";

    public const string Find = $"SELECT {Columns} FROM pipeline.tenants WHERE name = @name";

    /// <summary>Those who say something of tenants take turns, so that there never are more than may be.</summary>
    public const string Put = """
        LOCK TABLE pipeline.tenants IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO pipeline.tenants (name, weight, sessions_max, queued_bytes_max, limits, updated_at)
        SELECT @Name, @Weight, @SessionsMax, @QueuedBytesMax, @Limits::jsonb, @UpdatedAt
        WHERE (SELECT count(*) FROM pipeline.tenants WHERE name <> @Name) < @countMax
        ON CONFLICT (name) DO UPDATE
        SET weight = excluded.weight, sessions_max = excluded.sessions_max, queued_bytes_max = excluded.queued_bytes_max,
            limits = excluded.limits, updated_at = excluded.updated_at
        RETURNING name
        """;

    public const string Delete = "DELETE FROM pipeline.tenants WHERE name = @name RETURNING name";

    public const string FindDataset = "SELECT limits::text FROM pipeline.datasets WHERE name = @dataset";

    public const string PutDataset = """
        UPDATE pipeline.datasets SET limits = @limits::jsonb WHERE name = @dataset AND deleted_at IS NULL RETURNING name
        """;
}
