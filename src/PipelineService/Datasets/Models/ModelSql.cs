namespace PipelineService.Datasets.Models;

/// <summary>The SQL of models and their versions.</summary>
internal static class ModelSql
{
    /// <summary>One writer of a model at a time, also before its row exists.</summary>
    public const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('pipeline.model:' || @name, 0))";

    /// <summary>Whose a model is; null also where there is none.</summary>
    public const string FindOwner = "SELECT name, tenant, last_version FROM pipeline.models WHERE name = @name";

    public const string CountModels = "SELECT count(DISTINCT model) FROM pipeline.model_versions WHERE model <> @name";

    public const string CountVersions = "SELECT count(*) FROM pipeline.model_versions WHERE model = @name";

    /// <summary>A version, or with a null the newest one.</summary>
    public const string Find = """
        SELECT v.model, v.version, v.sha256, v.bytes, v.signature::text AS signature, v.created_by, v.created_at, m.tenant
        FROM pipeline.model_versions v JOIN pipeline.models m ON m.name = v.model
        WHERE v.model = @name AND (@version::integer IS NULL OR v.version = @version)
        ORDER BY v.version DESC LIMIT 1
        """;

    /// <summary>As <see cref="Find"/>, kept from being deleted until the transaction ends.</summary>
    public const string FindAndHold = $"{Find} FOR KEY SHARE OF v";

    public const string FindBySha256 = """
        SELECT v.model, v.version, v.sha256, v.bytes, v.signature::text AS signature, v.created_by, v.created_at, m.tenant
        FROM pipeline.model_versions v JOIN pipeline.models m ON m.name = v.model
        WHERE v.model = @name AND v.sha256 = @sha256
        """;

    public const string List = """
        SELECT v.model, v.version, v.sha256, v.bytes, v.signature::text AS signature, v.created_by, v.created_at, m.tenant
        FROM pipeline.models m
        JOIN LATERAL (SELECT * FROM pipeline.model_versions v WHERE v.model = m.name ORDER BY v.version DESC LIMIT 1) v ON true
        WHERE (@after::text IS NULL OR m.name COLLATE "C" > @after COLLATE "C")
          AND (@tenant::text IS NULL OR m.tenant = @tenant)
          AND (@names::text[] IS NULL OR m.name = ANY (@names) OR m.name ^@ ANY (@prefixes))
        ORDER BY m.name COLLATE "C"
        LIMIT @limit
        """;

    public const string ListVersions = """
        SELECT v.model, v.version, v.sha256, v.bytes, v.signature::text AS signature, v.created_by, v.created_at, m.tenant
        FROM pipeline.model_versions v JOIN pipeline.models m ON m.name = v.model
        WHERE v.model = @name
        ORDER BY v.version DESC
        """;

    public const string Put = """
        INSERT INTO pipeline.models (name, last_version, tenant, created_at, updated_at) VALUES (@name, @version, @tenant, @now, @now)
        ON CONFLICT (name) DO UPDATE SET last_version = excluded.last_version, updated_at = excluded.updated_at
        """;

    public const string InsertVersion = """
        INSERT INTO pipeline.model_versions (model, version, sha256, bytes, signature, created_by, created_at, file)
        VALUES (@name, @version, @sha256, @bytes, @signature::jsonb, @createdBy, @now, @file)
        """;

    public const string ReadFile = "SELECT file FROM pipeline.model_versions WHERE model = @name AND version = @version";

    /// <summary>Keeps others from pinning a version that is about to go.</summary>
    public const string LockVersion = "SELECT version FROM pipeline.model_versions WHERE model = @name AND version = @version FOR UPDATE";

    public const string DeleteVersion = "DELETE FROM pipeline.model_versions WHERE model = @name AND version = @version";

    /// <summary>
    /// Datasets whose current version uses a version of a model: by its number (@fixed), or by the name alone (@name) where it is the newest.
    /// </summary>
    public const string FindDatasets = """
        SELECT d.name, d.tenant FROM pipeline.datasets d
        JOIN pipeline.dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
        WHERE d.deleted_at IS NULL
          AND jsonb_path_exists(v.definition, '$.transforms[*] ? (@.op == "score" && (@.model == $fixed || @.model == $newest))', @vars::jsonb)
        ORDER BY d.name
        """;

    /// <summary>
    /// Jobs that are not final and have pinned a version, or will pin it: their definition names it, and their first attempt is to come.
    /// </summary>
    public const string FindJobs = """
        SELECT j.id, j.dataset, j.tenant FROM pipeline.jobs j
        JOIN pipeline.dataset_versions v ON v.dataset = j.dataset AND v.version = j.dataset_version
        WHERE j.finished_at IS NULL
          AND (j.pins ->> @pinned = @version::text
               OR jsonb_path_exists(v.definition, '$.transforms[*] ? (@.op == "score" && @.model == $fixed)', @vars::jsonb)
               OR (j.pins IS NULL
                   AND jsonb_path_exists(v.definition, '$.transforms[*] ? (@.op == "score" && @.model == $newest)', @vars::jsonb)))
        ORDER BY j.id LIMIT 10
        """;
}
