namespace PipelineService.Datasets;

/// <summary>The SQL of datasets and their versions.</summary>
internal static class DatasetSql
{
    /// <summary>
    /// One writer per dataset at a time, also before its row exists, which no row lock could give.
    /// </summary>
    public const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('pipeline.dataset:' || @name, 0))";

    /// <summary>
    /// Waiting must end before <c>Hosting:DatabaseTimeout</c> does (5 s), or it would look like an outage: a PUT waits at
    /// most three times, for its two advisory locks and for the table.
    /// </summary>
    public const string BoundLockWaits = "SET LOCAL lock_timeout = '1500ms'";

    public const string FindState = """
        SELECT d.current_version AS "Version", d.created_at AS "CreatedAt", d.updated_at AS "UpdatedAt",
               d.deleted_at IS NOT NULL AS "IsDeleted", v.definition = @definition::jsonb AS "IsSame",
               d.tenant AS "Tenant"
        FROM pipeline.datasets d
        JOIN pipeline.dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
        WHERE d.name = @name
        """;

    /// <summary>Whose the dataset is was decided when it was declared first.</summary>
    public const string Put = """
        INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at, tenant)
        VALUES (@name, @version, @now, @now, @tenant)
        ON CONFLICT (name) DO UPDATE
        SET current_version = excluded.current_version, updated_at = excluded.updated_at, deleted_at = NULL
        """;

    public const string InsertVersion = """
        INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at)
        VALUES (@name, @version, @definition::jsonb, @now)
        """;

    public const string Delete = """
        UPDATE pipeline.datasets SET deleted_at = @now, updated_at = @now WHERE name = @name AND deleted_at IS NULL
        """;

    public const string Find = """
        SELECT d.name AS "Name", v.version AS "Version", v.definition::text AS "Definition",
               d.created_at AS "CreatedAt", d.updated_at AS "UpdatedAt", d.tenant AS "Tenant"
        FROM pipeline.datasets d
        JOIN pipeline.dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
        WHERE d.name = @name AND d.deleted_at IS NULL
        """;

    /// <summary>As <see cref="Find"/>; the definition stays out when it is the one that the caller has compiled.</summary>
    public const string Refresh = """
        SELECT v.version AS "Version", v.created_at AS "CreatedAt",
               CASE WHEN v.version = @knownVersion AND v.created_at = @knownCreatedAt THEN NULL
                    ELSE v.definition::text END AS "Definition",
               d.tenant AS "Tenant"
        FROM pipeline.datasets d
        JOIN pipeline.dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
        WHERE d.name = @name AND d.deleted_at IS NULL
        """;

    public const string LastChanged = """
        SELECT d.name AS "Name", v.version AS "Version", v.created_at AS "CreatedAt", v.definition::text AS "Definition",
               d.tenant AS "Tenant"
        FROM pipeline.datasets d
        JOIN pipeline.dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
        WHERE d.deleted_at IS NULL
        ORDER BY d.updated_at DESC
        LIMIT @limit
        """;

    public const string List = """
        SELECT d.name AS "Name", d.current_version AS "Version", v.definition ->> 'title' AS "Title",
               d.created_at AS "CreatedAt", d.updated_at AS "UpdatedAt"
        FROM pipeline.datasets d
        JOIN pipeline.dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
        WHERE d.deleted_at IS NULL AND (@after::text IS NULL OR d.name COLLATE "C" > @after COLLATE "C")
          AND (@tenant::text IS NULL OR d.tenant = @tenant)
          AND (@names::text[] IS NULL OR d.name = ANY (@names) OR d.name ^@ ANY (@prefixes))
        ORDER BY d.name COLLATE "C"
        LIMIT @limit
        """;

    public const string ListVersions = """
        SELECT v.version AS "Version", v.created_at AS "CreatedAt"
        FROM pipeline.dataset_versions v
        WHERE v.dataset = @name AND (@before::integer IS NULL OR v.version < @before)
        ORDER BY v.version DESC
        LIMIT @limit
        """;

    /// <summary>Also of deleted datasets: their jobs go on under the version that they began with.</summary>
    public const string FindVersion = """
        SELECT v.version AS "Version", v.created_at AS "CreatedAt", v.definition::text AS "Definition", d.tenant AS "Tenant"
        FROM pipeline.dataset_versions v
        JOIN pipeline.datasets d ON d.name = v.dataset
        WHERE v.dataset = @name AND v.version = @version
        """;

    /// <summary>Whose a table is: every dataset of which a version has ever loaded into it.</summary>
    public const string OwnersOfTable = """
        SELECT DISTINCT d.name AS "Name", d.tenant AS "Tenant"
        FROM pipeline.dataset_versions v
        JOIN pipeline.datasets d ON d.name = v.dataset
        WHERE v.definition #>> '{load,table}' = @table
        """;

    public const string TableExists = "SELECT to_regclass(@table) IS NOT NULL";
}
