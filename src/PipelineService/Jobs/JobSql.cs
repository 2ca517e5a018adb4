using PipelineService.Hosting;

namespace PipelineService.Jobs;

/// <summary>The SQL of the jobs stage. Leases are measured by the database's clock, which all instances share.</summary>
internal static class JobSql
{
    public const string Columns = """
        id, dataset, dataset_version, state, waiting_for, records_read, records_loaded, records_rejected,
        records_filtered, progress_ratio, records_per_second, source, content_type, content_encoding, upload_bytes,
        upload_complete, upload_sha256, upload_columns, idempotency_key, parent_job, error,
        cancel_requested, records_reverted, created_at, received_at, started_at, finished_at, reverted_at, revision, spool, owner, epoch, attempt,
        tries, tried_bytes, waiting_since
        """;

    /// <summary>
    /// Which job lets go of its idempotency key, so that an upload under the dataset's version <c>@DatasetVersion</c>
    /// is loaded and not answered with what became of an earlier one: nothing of it is in the table, and its end says
    /// nothing about the same bytes now. A failure that the data has under its definition (422) stands as long as the
    /// definition does.
    /// </summary>
    private const string GivesUpKey = """
        (reverted_at IS NOT NULL
         OR (state = 'failed' AND records_loaded = 0
             AND (dataset_version < @DatasetVersion OR error ->> 'status' IS DISTINCT FROM '422')))
        """;

    /// <summary>
    /// Before <see cref="Register"/>, in the same transaction: two that take the same key over meet in its unique
    /// index. A job that is being reverted is not waited for; it has its key until it is.
    /// </summary>
    public const string TakeKeyOver = $"""
        UPDATE pipeline.jobs SET idempotency_key = NULL
        WHERE id = (SELECT id FROM pipeline.jobs
                    WHERE dataset = @Dataset AND idempotency_key = @IdempotencyKey AND id <> @Id AND {GivesUpKey}
                    FOR NO KEY UPDATE SKIP LOCKED);

        """;

    /// <summary>
    /// Registers a job, or completes the row of one that was registered while it was received. Changes nothing when the
    /// upload is already complete there, so it can be repeated. Tells whether the row is as it was to be: another instance
    /// that shares the spool may have found the upload, registered it and claimed it.
    /// </summary>
    public const string Register = """
        INSERT INTO pipeline.jobs
            (id, dataset, dataset_version, state, source, content_type, content_encoding, upload_bytes, upload_complete,
             upload_sha256, idempotency_key, created_at, received_at, started_at, spool, owner, lease_until, epoch, attempt)
        VALUES
            (@Id, @Dataset, @DatasetVersion, @State, @Source, @ContentType, @ContentEncoding, @UploadBytes, @UploadComplete,
             @UploadSha256, @IdempotencyKey, @CreatedAt, @ReceivedAt, @StartedAt, @Spool, @Owner,
             CASE WHEN @Owner IS NULL THEN NULL ELSE now() + @LeaseTime END, @Epoch, @Attempt)
        ON CONFLICT (id) DO UPDATE
        SET state = CASE WHEN jobs.state = 'receiving' THEN excluded.state ELSE jobs.state END,
            upload_bytes = excluded.upload_bytes, upload_complete = true, upload_sha256 = excluded.upload_sha256,
            received_at = excluded.received_at, revision = jobs.revision + 1
        WHERE excluded.upload_complete AND NOT jobs.upload_complete AND jobs.finished_at IS NULL;
        SELECT owner IS NOT DISTINCT FROM @Owner AND epoch = @Epoch FROM pipeline.jobs WHERE id = @Id
        """;

    /// <summary>
    /// Registers a job that ends as it is registered. Its key is another job's, so the row has none. The upload leaves the
    /// spool after it.
    /// </summary>
    public const string RegisterEnded = $"""
        {DurableCommit.Sql};
        INSERT INTO pipeline.jobs
            (id, dataset, dataset_version, state, source, content_type, content_encoding, upload_bytes, upload_complete,
             upload_sha256, error, created_at, received_at, finished_at, spool)
        VALUES
            (@Id, @Dataset, @DatasetVersion, @State, @Source, @ContentType, @ContentEncoding, @UploadBytes, true,
             @UploadSha256, @Error::jsonb, @CreatedAt, @ReceivedAt, @FinishedAt, @Spool)
        ON CONFLICT (id) DO NOTHING
        """;

    private const string NextAttempt = "(attempt + CASE WHEN owner = ANY(@living) THEN 0 ELSE 1 END)";

    private const string IsSuspect = $"({NextAttempt} = @attemptsMax AND @attemptsMax > 1)";

    private const string IsClaimable = """
        finished_at IS NULL AND spool = @spool AND state IN ('queued', 'running', 'committing')
        AND (owner IS NULL OR lease_until < now()) AND (not_before IS NULL OR not_before <= now())
        """;

    public const string Find = $"SELECT {Columns} FROM pipeline.jobs WHERE id = @id";

    /// <summary>The job that has a key, and does not let go of it.</summary>
    public const string FindByKey = $"""
        SELECT {Columns} FROM pipeline.jobs
        WHERE dataset = @Dataset AND idempotency_key = @IdempotencyKey AND NOT {GivesUpKey}
        """;

    public const string List = $"""
        SELECT {Columns} FROM pipeline.jobs
        WHERE (@dataset::text IS NULL OR dataset = @dataset)
          AND (@state::text IS NULL OR state = @state)
          AND (@source::text IS NULL OR source = @source)
          AND (@before::uuid IS NULL OR id < @before)
        ORDER BY id DESC
        LIMIT @limit
        """;

    /// <summary>
    /// Takes a job that nobody runs: queued, or its owner's lease has run out. That is an attempt, unless its owner lives and could
    /// not renew the lease, in an outage: then nothing has died. The oldest of those that were not tried yet comes first, then the
    /// one that waits for longest; suspects (their last attempt is next) before all others, when they are asked for.
    /// </summary>
    /// <remarks>
    /// NO KEY, because each checkpoint in an open transaction holds its job's row by the foreign key: FOR UPDATE would pass over a
    /// job for as long as the instance that hangs keeps its transactions open.
    /// </remarks>
    public const string ClaimNext = $"""
        WITH next AS (
            SELECT id AS next_id, {NextAttempt} AS next_attempt
            FROM pipeline.jobs
            WHERE {IsClaimable} AND id <> ALL(@left) AND (@suspects OR NOT {IsSuspect})
              AND NOT EXISTS (SELECT FROM unnest(@datasets, @versions) closed (name, version)
                              WHERE closed.name = dataset AND closed.version = dataset_version)
            ORDER BY {IsSuspect} DESC, not_before NULLS FIRST, id
            LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED)
        UPDATE pipeline.jobs
        SET owner = @owner, lease_until = now() + @lease, epoch = epoch + 1, attempt = next_attempt, not_before = NULL,
            state = CASE WHEN state = 'queued' THEN 'running' ELSE state END,
            started_at = coalesce(started_at, @now), revision = revision + 1
        FROM next
        WHERE id = next_id
        RETURNING {Columns}
        """;

    public const string HasSuspect = $"SELECT EXISTS (SELECT FROM pipeline.jobs WHERE {IsClaimable} AND {IsSuspect})";

    /// <summary>Jobs that have waited for so long without being run.</summary>
    public const string CountWaiting = """
        SELECT count(*) FROM pipeline.jobs
        WHERE finished_at IS NULL AND spool = @spool AND state = 'queued' AND owner IS NULL
          AND coalesce(received_at, created_at) < now() - @age
        """;

    /// <summary>
    /// Begins another attempt of a job that this instance holds: transactions of the attempt before can no longer commit,
    /// and one that is committing is waited for.
    /// </summary>
    public const string NextEpoch = $"""
        UPDATE pipeline.jobs
        SET epoch = epoch + 1, lease_until = now() + @lease, revision = revision + 1
        WHERE id = @id AND epoch = @epoch AND owner = @owner
        RETURNING {Columns}
        """;

    /// <summary>Renews the lease; tells whether somebody has asked for the job's end while it could still be had.</summary>
    public const string Heartbeat = """
        UPDATE pipeline.jobs
        SET lease_until = now() + @lease, records_read = @Read, records_loaded = @Loaded, records_rejected = @Rejected,
            records_filtered = @Filtered, upload_bytes = greatest(upload_bytes, @uploadBytes),
            progress_ratio = @ratio, records_per_second = @rate, waiting_for = @waitingFor, revision = revision + 1
        WHERE id = @id AND epoch = @epoch AND owner = @owner AND finished_at IS NULL
        RETURNING cancel_requested AND state <> 'committing'
        """;

    /// <summary>
    /// Asks the owner of a job, which looks at every heartbeat, to cancel it. Whoever takes the job over looks too, so a wish that
    /// is written here survives its owner.
    /// </summary>
    public const string RequestCancel = """
        UPDATE pipeline.jobs SET cancel_requested = true, revision = revision + 1
        WHERE id = @id AND finished_at IS NULL AND state <> 'committing'
        """;

    /// <summary>Takes a waiting job that is to be cancelled or failed, so that nobody starts it.</summary>
    public const string ClaimToEnd = $"""
        UPDATE pipeline.jobs
        SET owner = @owner, lease_until = now() + @lease, epoch = epoch + 1, revision = revision + 1
        WHERE id = @id AND finished_at IS NULL AND state <> 'committing' AND (owner IS NULL OR lease_until < now())
        RETURNING {Columns}
        """;

    /// <summary>
    /// Fences off whoever may still run a job that has no owner any more, so that it can be ended in the same transaction. An
    /// upload that broke off together with its instance is left to be taken back.
    /// </summary>
    public const string FenceToCancel = $"""
        UPDATE pipeline.jobs
        SET cancel_requested = true, epoch = epoch + 1
        WHERE id = @id AND finished_at IS NULL AND state IN ('queued', 'running') AND (owner IS NULL OR lease_until < now())
        RETURNING {Columns}
        """;

    /// <summary>Two who revert the same job come one after the other.</summary>
    public const string LockForRevert = "SELECT reverted_at IS NOT NULL FROM pipeline.jobs WHERE id = @id FOR UPDATE";

    public const string MarkReverted = """
        UPDATE pipeline.jobs SET reverted_at = @now, records_reverted = @rows, revision = revision + 1
        WHERE id = @id
        """;

    /// <summary>Ends sessions that an earlier attempt left open: they hold locks that this attempt would wait for.</summary>
    public const string EndLeftoverSessions = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = @name AND pid <> pg_backend_pid() AND usename = current_user
        """;

    public const string ReadCheckpoints = """
        SELECT start_offset, end_offset, first_record, first_line, lines, read, loaded, rejected, filtered
        FROM pipeline.job_chunks WHERE job_id = @id ORDER BY start_offset
        """;

    /// <summary>Removes the dead letters of records that no checkpoint covers: ranges of record numbers, each without its end.</summary>
    public const string DeleteDeadLetters = """
        DELETE FROM pipeline.dead_letters
        USING unnest(@firsts, @ends) uncovered (first_record, end_record)
        WHERE job_id = @id AND record >= first_record AND record < end_record
        """;

    /// <summary>The end of a job whose records are all accounted for. Runs in the transaction that commits the last of them.</summary>
    public const string Finish = """
        UPDATE pipeline.jobs j
        SET state = CASE WHEN c.rejected = 0 THEN 'succeeded' ELSE 'partially_succeeded' END,
            records_read = c.read, records_loaded = c.loaded, records_rejected = c.rejected, records_filtered = c.filtered,
            progress_ratio = 1, records_per_second = $3, waiting_for = NULL,
            upload_bytes = $4, upload_complete = true, upload_sha256 = $5, received_at = $6, upload_columns = $7,
            finished_at = $2, owner = NULL, lease_until = NULL, revision = revision + 1
        FROM (SELECT coalesce(sum(read), 0) AS read, coalesce(sum(loaded), 0) AS loaded,
                     coalesce(sum(rejected), 0) AS rejected, coalesce(sum(filtered), 0) AS filtered
              FROM pipeline.job_chunks WHERE job_id = $1) c
        WHERE j.id = $1
        """;

    /// <summary>
    /// The end of a job that failed or was cancelled. Counts what is kept: the rows of committed chunks, and the dead
    /// letters, which outlive a rollback. The upload leaves the spool after it, so it is durable whatever the database does else.
    /// </summary>
    /// <remarks>
    /// The row is locked by a statement of its own. A session whose connection was given up may still be committing a chunk,
    /// and holds the row until it has; a statement that began before that would count without the chunk.
    /// </remarks>
    public const string End = $"""
        {DurableCommit.Sql};
        SELECT FROM pipeline.jobs WHERE id = @id FOR NO KEY UPDATE;
        UPDATE pipeline.jobs j
        SET state = @state, error = @error::jsonb, upload_columns = @columns,
            cancel_requested = cancel_requested OR @state = 'cancelled',
            records_loaded = c.loaded, records_filtered = c.filtered, records_rejected = d.rejected,
            records_read = c.loaded + c.filtered + d.rejected, waiting_for = NULL,
            finished_at = @now, owner = NULL, lease_until = NULL, revision = revision + 1
        FROM (SELECT coalesce(sum(loaded), 0) AS loaded, coalesce(sum(filtered), 0) AS filtered
              FROM pipeline.job_chunks WHERE job_id = @id) c,
             (SELECT count(*) AS rejected FROM pipeline.dead_letters WHERE job_id = @id) d
        WHERE j.id = @id AND j.epoch = @epoch AND j.finished_at IS NULL
        """;

    /// <summary>Gives the lease back without ending the job; a graceful stop is not an attempt.</summary>
    public const string HandBack = """
        UPDATE pipeline.jobs
        SET owner = NULL, lease_until = NULL, attempt = greatest(attempt - 1, 0), waiting_for = NULL,
            state = CASE WHEN state = 'running' THEN 'queued' ELSE state END, revision = revision + 1
        WHERE id = @id AND epoch = @epoch AND finished_at IS NULL
        """;

    /// <summary>
    /// Gives a job back to be claimed later, by any instance. Transactions of the attempt before can no longer commit, and one
    /// that is committing is waited for. It is no attempt: nothing has died.
    /// </summary>
    public const string Postpone = $"""
        UPDATE pipeline.jobs
        SET owner = NULL, lease_until = NULL, epoch = epoch + 1, attempt = greatest(attempt - 1, 0), not_before = now() + @pause,
            state = CASE WHEN state = 'running' THEN 'queued' ELSE state END, waiting_for = @WaitingFor, tries = @Tries,
            tried_bytes = @TriedBytes, waiting_since = @WaitingSince, revision = revision + 1
        WHERE id = @Id AND epoch = @Epoch AND finished_at IS NULL
        RETURNING {Columns}
        """;

    /// <summary>Uploads that broke off together with the instance that received them.</summary>
    public const string DeadReceiving = $"""
        SELECT {Columns} FROM pipeline.jobs
        WHERE state = 'receiving' AND spool = @spool AND lease_until < now()
        ORDER BY id LIMIT 100
        """;

    /// <summary>Whoever still loads the job cannot commit any more.</summary>
    public const string Fence = "UPDATE pipeline.jobs SET epoch = epoch + 1 WHERE id = @id AND finished_at IS NULL";

    /// <summary>A job whose upload was refused leaves nothing; its chunks and dead letters go with it.</summary>
    public const string Remove = "DELETE FROM pipeline.jobs WHERE id = @id AND state = 'receiving'";

    public const string FindAll = $"SELECT {Columns} FROM pipeline.jobs WHERE id = ANY(@ids)";

    public const string StatesOf = "SELECT id, state FROM pipeline.jobs WHERE id = ANY(@ids)";

    /// <summary>Leases of an owner that is known to be dead run out at once.</summary>
    public const string ExpireLeases = """
        UPDATE pipeline.jobs SET lease_until = now() - interval '1 second'
        WHERE owner = ANY(@owners) AND finished_at IS NULL
        """;
}
