namespace PipelineService.Jobs.Runs;

/// <summary>The SQL of <see cref="JobCleaner"/>.</summary>
internal static class JobCleanerSql
{
    /// <summary>
    /// Of the whole transaction: false while another instance removes jobs. Any number will do that nobody else takes.
    /// </summary>
    public const string TryLock = "SELECT pg_try_advisory_xact_lock(hashtextextended('pipeline.cleaning', 0))";

    /// <summary>
    /// Final jobs of a spool that keep no upload, the oldest first. One that is being reverted is left to the next time.
    /// </summary>
    public const string FindDue = """
        SELECT id, true AS is_ours FROM pipeline.jobs
        WHERE id > @after AND id < @youngest AND spool = @spool AND finished_at < @before AND upload_kept_until IS NULL
        ORDER BY id LIMIT @limit
        FOR UPDATE SKIP LOCKED
        """;

    /// <summary>
    /// Jobs that were deleted, of whatever spool: their dead letters go now. The rows of another spool's are that spool's
    /// affair, and are passed over once nothing but the row is left.
    /// </summary>
    public const string FindDeleted = """
        SELECT id, spool = @spool AS is_ours FROM pipeline.jobs j
        WHERE deleted_at IS NOT NULL AND id > @after
          AND (spool = @spool OR EXISTS (SELECT FROM pipeline.dead_letters WHERE job_id = j.id)
               OR EXISTS (SELECT FROM pipeline.job_chunks WHERE job_id = j.id))
        ORDER BY id LIMIT @limit
        FOR UPDATE SKIP LOCKED
        """;

    public const string DeleteSomeDeadLetters = """
        DELETE FROM pipeline.dead_letters
        WHERE ctid = ANY (ARRAY (SELECT ctid FROM pipeline.dead_letters WHERE job_id = ANY (@ids) LIMIT @limit))
        """;

    public const string DeleteSomeChunks = """
        DELETE FROM pipeline.job_chunks
        WHERE ctid = ANY (ARRAY (SELECT ctid FROM pipeline.job_chunks WHERE job_id = ANY (@ids) LIMIT @limit))
        """;

    /// <summary>
    /// The keys of jobs that are about to go, where an upload under one is not to be loaded once more. Those are left out that
    /// give it up (<see cref="JobSql.FindByKey"/>), and failed ones of which nothing was loaded: those may be tried again.
    /// </summary>
    public const string RememberKeys = """
        INSERT INTO pipeline.upload_keys (dataset, key, job, forget_at)
        SELECT dataset, idempotency_key, to_jsonb(j), finished_at + @keysKeep
        FROM pipeline.jobs j
        WHERE id = ANY (@ids) AND idempotency_key IS NOT NULL AND (reverted_at IS NULL OR superseded)
          AND (state <> 'failed' OR records_loaded > 0)
          AND finished_at + @keysKeep > @now
        ON CONFLICT (dataset, key) DO UPDATE SET job = excluded.job, forget_at = excluded.forget_at
        """;

    public const string ForgetSomeKeys = """
        DELETE FROM pipeline.upload_keys
        WHERE ctid = ANY (ARRAY (SELECT ctid FROM pipeline.upload_keys WHERE forget_at <= @now ORDER BY forget_at LIMIT @limit))
        """;

    public const string ForgetSomeFigures = """
        DELETE FROM pipeline.quality_figures
        WHERE ctid = ANY (ARRAY (SELECT ctid FROM pipeline.quality_figures WHERE finished_at < @before ORDER BY finished_at LIMIT @limit))
        """;

    public const string DeleteFinal =
        "DELETE FROM pipeline.jobs WHERE id = ANY (@ids) AND finished_at IS NOT NULL AND upload_kept_until IS NULL";
}
