using Dapper;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs;

/// <summary>The SQL that reads and registers job rows.</summary>
internal static class JobSql
{
    public const string Columns = """
        id, dataset, dataset_version, state, waiting_for, records_read, records_loaded, records_rejected,
        records_filtered, rejects, ops, progress_ratio, records_per_second, source, content_type, content_encoding, upload_bytes,
        upload_complete, upload_sha256, upload_columns, idempotency_key, parent_job, error,
        cancel_requested, records_reverted, created_at, received_at, started_at, finished_at, reverted_at, deleted_at, revision, spool, owner,
        epoch, attempt, tries, tried_bytes, waiting_since, upload_id, keep_upload, upload_kept_until, replaces, replaced_by, pins,
        superseded, tenant, key_id, batch, gaps, quality
        """;

    /// <summary>
    /// Job rows as clients see them: in front of a query of <see cref="Columns"/> named <c>j</c>, with <see cref="Progress"/>
    /// behind it.
    /// </summary>
    public const string WithProgress = """
        SELECT j.id, j.dataset, j.dataset_version, j.state,
               CASE WHEN p.job_id IS NULL OR j.owner IS NULL THEN j.waiting_for ELSE p.waiting_for END AS waiting_for,
               coalesce(p.records_read, j.records_read) AS records_read, coalesce(p.records_loaded, j.records_loaded) AS records_loaded,
               coalesce(p.records_rejected, j.records_rejected) AS records_rejected,
               coalesce(p.records_filtered, j.records_filtered) AS records_filtered, coalesce(p.rejects, j.rejects) AS rejects,
               coalesce(p.ops, j.ops) AS ops,
               coalesce(p.progress_ratio, j.progress_ratio) AS progress_ratio,
               coalesce(p.records_per_second, j.records_per_second) AS records_per_second, j.source, j.content_type, j.content_encoding,
               greatest(p.upload_bytes, j.upload_bytes) AS upload_bytes, j.upload_complete, j.upload_sha256, j.upload_columns,
               j.idempotency_key, j.parent_job, j.error, j.cancel_requested, j.records_reverted, j.created_at, j.received_at,
               j.started_at, j.finished_at, j.reverted_at, j.deleted_at, j.revision, j.spool, j.owner, j.epoch, j.attempt, j.tries,
               j.tried_bytes, j.waiting_since, j.upload_id, j.keep_upload, j.upload_kept_until, j.replaces, j.replaced_by, j.pins,
               j.superseded, j.tenant, j.key_id, j.batch, j.gaps, j.quality
        FROM
        """;

    /// <inheritdoc cref="WithProgress"/>
    public const string Progress = "LEFT JOIN pipeline.job_progress p ON p.job_id = j.id AND j.finished_at IS NULL";

    /// <summary>
    /// Which job lets go of its idempotency key, so that an upload under the dataset's version <c>@DatasetVersion</c>
    /// is loaded and not answered with what became of an earlier one: nothing of it is in the table, and its end says
    /// nothing about the same bytes now. A failure that the data has under its definition (422) stands as long as the
    /// definition does.
    /// </summary>
    private const string GivesUpKey = """
        ((reverted_at IS NOT NULL AND NOT superseded)
         OR (state = 'failed' AND records_loaded = 0
             AND (dataset_version < @DatasetVersion OR error ->> 'status' IS DISTINCT FROM '422')))
        """;

    /// <summary>
    /// Before <see cref="Register"/>, in the same transaction: two that take the same key over meet in its unique
    /// index. A job that is being reverted is not waited for; it has its key until it is. Of an upload that was found in the
    /// spool, received since <c>@FoundSince</c>, only from a job made before: one made after it is what its sender was told of.
    /// </summary>
    private const string TakeKeyOver = $"""
        UPDATE pipeline.jobs SET idempotency_key = NULL
        WHERE id = (SELECT id FROM pipeline.jobs
                    WHERE dataset = @Dataset AND idempotency_key = @IdempotencyKey AND id <> @Id AND {GivesUpKey}
                      AND (@FoundSince::timestamptz IS NULL OR created_at < @FoundSince)
                    FOR NO KEY UPDATE SKIP LOCKED);

        """;

    /// <summary>
    /// Before <see cref="Register"/>, in the same transaction, of a job that replaces another: from here on nobody else does.
    /// Raises <see cref="ReplacementRefused"/> when somebody has been faster.
    /// </summary>
    public const string BeginReplacement = """
        CALL pipeline.begin_replacement(@Replaces, @Id, @UploadId);

        """;

    /// <summary>The SQLSTATE of a replacement that cannot be any more.</summary>
    public const string ReplacementRefused = "PL002";

    /// <summary>
    /// Before <see cref="Register"/>, in the same transaction, of an upload that a source has taken: from here on nobody takes it again.
    /// Raises <see cref="TakenBefore"/> when somebody has.
    /// </summary>
    public const string Take = """
        CALL pipeline.take(@Id, @TakenSource, @TakenObject, @TakenVersion, @UploadBytes, @TakenAfter, @TakenUntil);

        """;

    /// <summary>The SQLSTATE of what a source has taken once more, or has forgotten since.</summary>
    public const string TakenBefore = "PL003";

    /// <summary>
    /// Registers a job, or completes the row of one that was registered while it was received. Changes nothing when the
    /// upload is already complete there, so it can be repeated. Another instance that shares the spool may have found the upload,
    /// registered it and claimed it: <see cref="IsAsGiven"/>.
    /// </summary>
    public const string Register = $"{Insert} @IdempotencyKey {OrComplete}";

    /// <summary>The same for an upload with a key; nothing is registered when a job that is kept no longer had it.</summary>
    public const string RegisterWithKey = $"{TakeKeyOver} {Insert} pipeline.take_key(@Dataset, @IdempotencyKey) {OrComplete}";

    private const string Insert = """
        INSERT INTO pipeline.jobs
            (id, dataset, dataset_version, state, source, content_type, content_encoding, upload_bytes, upload_complete,
             upload_sha256, idempotency_key, created_at, received_at, started_at, spool, owner, lease_until, epoch, attempt,
             upload_id, keep_upload, replaces, tenant, key_id, batch)
        VALUES
            (@Id, @Dataset, @DatasetVersion, @State, @Source, @ContentType, @ContentEncoding, @UploadBytes, @UploadComplete,
             @UploadSha256,
        """;

    private const string OrComplete = """
             , @CreatedAt, @ReceivedAt, @StartedAt, @Spool, @Owner,
             CASE WHEN @Owner IS NULL THEN NULL ELSE 'infinity'::timestamptz END, @Epoch, @Attempt,
             @UploadId, @KeepUpload, @Replaces, @Tenant, @KeyId, @Batch)
        ON CONFLICT (id) DO UPDATE
        SET state = CASE WHEN jobs.state = 'receiving' THEN excluded.state ELSE jobs.state END,
            upload_bytes = excluded.upload_bytes, upload_complete = true, upload_sha256 = excluded.upload_sha256,
            received_at = excluded.received_at, revision = jobs.revision + 1
        WHERE excluded.upload_complete AND NOT jobs.upload_complete AND jobs.finished_at IS NULL
        """;

    /// <summary>Behind <see cref="Register"/>: whether the row is as it was to be.</summary>
    public const string IsAsGiven =
        "SELECT owner IS NOT DISTINCT FROM @Owner AND epoch = @Epoch FROM pipeline.jobs WHERE id = @Id";

    /// <summary>
    /// Registers a job that ends as it is registered. Its key is another job's, so the row has none. The upload leaves the
    /// spool after it.
    /// </summary>
    public const string RegisterEnded = $"""
        {DurableCommit.Sql};
        INSERT INTO pipeline.jobs
            (id, dataset, dataset_version, state, source, content_type, content_encoding, upload_bytes, upload_complete,
             upload_sha256, error, created_at, received_at, finished_at, spool, replaces, tenant, key_id, batch)
        VALUES
            (@Id, @Dataset, @DatasetVersion, @State, @Source, @ContentType, @ContentEncoding, @UploadBytes, true,
             @UploadSha256, @Error::jsonb, @CreatedAt, @ReceivedAt, @FinishedAt, @Spool, @Replaces, @Tenant, @KeyId, @Batch)
        ON CONFLICT (id) DO NOTHING
        """;

    public const string Find = $"{WithProgress} (SELECT {Columns} FROM pipeline.jobs WHERE id = @id) j {Progress}";

    /// <summary>
    /// The job that has a key, and does not let go of it, or had it when it was kept. For an upload that was found in the spool,
    /// received since <c>@FoundSince</c>, also one that was made after it.
    /// </summary>
    public const string FindByKey = $"""
        SELECT {Columns} FROM pipeline.jobs
        WHERE dataset = @Dataset AND idempotency_key = @IdempotencyKey
          AND (NOT {GivesUpKey} OR created_at >= @FoundSince::timestamptz)
        UNION ALL
        SELECT {Columns}
        FROM (SELECT (jsonb_populate_record(NULL::pipeline.jobs, job)).* FROM pipeline.upload_keys
              WHERE dataset = @Dataset AND key = @IdempotencyKey) kept
        LIMIT 1
        """;

    /// <summary>Whether another job is about to take the place of this one.</summary>
    public const string IsBeingReplaced = """
        SELECT EXISTS (SELECT FROM pipeline.jobs j JOIN pipeline.jobs r ON r.id = j.replaced_by AND r.finished_at IS NULL WHERE j.id = @id)
        """;

    public const string FindAll = $"{WithProgress} (SELECT {Columns} FROM pipeline.jobs WHERE id = ANY(@ids)) j {Progress}";

    public const string StatesOf = "SELECT id, state FROM pipeline.jobs WHERE id = ANY(@ids)";

    public static CommandDefinition Command(string sql, object parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, cancellationToken: cancellationToken);
}
