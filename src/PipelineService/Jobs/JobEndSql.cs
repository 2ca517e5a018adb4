using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs;

/// <summary>The SQL of the ways in which jobs end, and of what undoes them.</summary>
internal static class JobEndSql
{
    /// <summary>
    /// Asks the owner of a job, which looks at every heartbeat, to cancel it. Whoever takes the job over looks too, so a wish
    /// that is written here survives its owner.
    /// </summary>
    public const string RequestCancel = """
        UPDATE pipeline.jobs SET cancel_requested = true, revision = revision + 1
        WHERE id = @id AND finished_at IS NULL AND state <> 'committing'
        """;

    /// <summary>
    /// Fences off whoever may still run a job that has no owner any more, so that it can be ended in the same transaction. An
    /// upload that broke off together with its instance is left to be taken back.
    /// </summary>
    public const string FenceToCancel = $"""
        UPDATE pipeline.jobs
        SET cancel_requested = true, epoch = epoch + 1
        WHERE id = @id AND finished_at IS NULL AND state IN ('queued', 'running') AND {JobLeaseSql.IsFree}
        RETURNING {JobSql.Columns}
        """;

    /// <summary>The rejects of job <c>j</c> by code and field, in the form of <see cref="RejectsView"/>.</summary>
    private static readonly string SumOfRejects = $"""
        (SELECT jsonb_build_object(
             'groups', coalesce(
                 jsonb_agg(jsonb_build_object('code', code, 'field', field, 'records', records) ORDER BY place)
                     FILTER (WHERE place <= {RejectsView.GroupsMax}),
                 '[]'),
             'other', coalesce(sum(records) FILTER (WHERE place > {RejectsView.GroupsMax}), 0))
         FROM (SELECT code, field, sum(records) AS records,
                      row_number() OVER (ORDER BY sum(records) DESC, code COLLATE "C", field COLLATE "C" NULLS FIRST) AS place
               FROM pipeline.job_rejects WHERE job_id = j.id AND records > 0 GROUP BY code, field) pairs)
        """;

    /// <summary>
    /// Behind the statement that ends a job: what was counted chunk by chunk is summed up, and not needed any more, and neither
    /// is how far it was. The sum is made from what was there before this statement.
    /// </summary>
    private const string Forget = """
        , forgotten AS (DELETE FROM pipeline.job_progress p USING ended WHERE p.job_id = ended.id)
        DELETE FROM pipeline.job_rejects r USING ended WHERE r.job_id = ended.id
        """;

    /// <summary>
    /// The end of a job whose records are all accounted for. Runs in the transaction that commits the last of them. Changes
    /// nothing unless the checkpoints cover as many bytes as this attempt has loaded: a server that crashed may have forgotten
    /// the commit of a chunk, which waited for no flush.
    /// </summary>
    public static readonly string Finish = $"""
        WITH ended AS (
        UPDATE pipeline.jobs j
        SET state = CASE WHEN c.rejected = 0 THEN 'succeeded' ELSE 'partially_succeeded' END,
            records_read = c.read, records_loaded = c.loaded, records_rejected = c.rejected, records_filtered = c.filtered,
            rejects = {SumOfRejects}, ops = {OpSql.Sum("j.id")}, progress_ratio = 1, records_per_second = $3, waiting_for = NULL,
            upload_bytes = $4, upload_complete = true, upload_sha256 = $5, received_at = $6, upload_columns = $7,
            {RowsOfJob.PlaceColumns},
            finished_at = $2, upload_kept_until = $2 + keep_upload, owner = NULL, lease_until = NULL, revision = revision + 1
        FROM (SELECT coalesce(sum(read), 0) AS read, coalesce(sum(loaded), 0) AS loaded,
                     coalesce(sum(rejected), 0) AS rejected, coalesce(sum(filtered), 0) AS filtered,
                     coalesce(sum(end_offset - start_offset), 0) AS bytes
              FROM pipeline.job_chunks WHERE job_id = $1) c
        LEFT JOIN {RowsOfJob.Place("$9", "$10", "$11")} ON true
        WHERE j.id = $1 AND c.bytes = $8
        RETURNING j.id)
        {Forget}
        """;

    /// <summary>
    /// The end of a job that failed or was cancelled. Counts what is kept: the rows of committed chunks, and the dead
    /// letters, which outlive a rollback. The upload leaves the spool after it, so it is durable whatever the database does else.
    /// </summary>
    /// <remarks>
    /// The row is locked by a statement of its own. A session whose connection was given up may still be committing a chunk,
    /// and holds the row until it has; a statement that began before that would count without the chunk.
    /// </remarks>
    public static readonly string End = $"""
        {DurableCommit.Sql};
        SELECT FROM pipeline.jobs WHERE id = @id FOR NO KEY UPDATE;
        WITH ended AS (
        UPDATE pipeline.jobs j
        SET state = @state, error = @error::jsonb, upload_columns = @columns,
            cancel_requested = cancel_requested OR @state = 'cancelled',
            records_loaded = c.loaded, records_filtered = c.filtered, records_rejected = d.rejected,
            records_read = c.loaded + c.filtered + d.rejected, rejects = {SumOfRejects}, ops = {OpSql.Sum("j.id")},
            waiting_for = NULL, quality = coalesce(@verdict::jsonb, quality),
            progress_ratio = coalesce((SELECT p.progress_ratio FROM pipeline.job_progress p WHERE p.job_id = @id), progress_ratio),
            finished_at = @now, upload_kept_until = @now + keep_upload, owner = NULL, lease_until = NULL, revision = revision + 1
        FROM (SELECT coalesce(sum(loaded), 0) AS loaded, coalesce(sum(filtered), 0) AS filtered
              FROM pipeline.job_chunks WHERE job_id = @id) c,
             (SELECT count(*) AS rejected FROM pipeline.dead_letters WHERE job_id = @id) d
        WHERE j.id = @id AND j.epoch = @epoch AND j.finished_at IS NULL
        RETURNING j.id),
        told AS (
            INSERT INTO pipeline.job_profiles (job_id, profile) SELECT id, @profile::jsonb FROM ended WHERE @profile::text IS NOT NULL
            ON CONFLICT (job_id) DO UPDATE SET profile = excluded.profile),
        unkept AS (DELETE FROM pipeline.job_profile_parts p USING ended WHERE p.job_id = ended.id)
        {Forget}
        """;

    /// <summary>A job whose upload was refused leaves nothing; its chunks and dead letters go with it.</summary>
    public const string Remove = "DELETE FROM pipeline.jobs WHERE id = @id AND state = 'receiving'";

    /// <summary>
    /// A final job that nobody shall see any more: its key is free, its upload is kept no longer, and <see cref="JobCleaner"/>
    /// clears away what is left of it. The row stays until then, because a job that its spool still holds something of must be
    /// known as final.
    /// </summary>
    public const string Delete = """
        UPDATE pipeline.jobs
        SET deleted_at = @now, idempotency_key = NULL, revision = revision + 1,
            upload_kept_until = CASE WHEN upload_kept_until IS NOT NULL THEN 'epoch'::timestamptz END
        WHERE id = @id AND finished_at IS NOT NULL AND deleted_at IS NULL
        """;

    /// <summary>
    /// Two who revert the same job come one after the other. Whether it was reverted before, and where its rows are.
    /// </summary>
    public const string LockForRevert = $"{FindLanded} FOR UPDATE";

    /// <inheritdoc cref="LockForRevert"/>
    public const string FindLanded = """
        SELECT reverted_at IS NOT NULL AS is_reverted, records_loaded AS rows, rows_file AS file, rows_from AS first, rows_until AS until
        FROM pipeline.jobs WHERE id = @id
        """;

    public const string MarkReverted = """
        UPDATE pipeline.jobs SET reverted_at = @now, records_reverted = @rows, replaced_by = NULL, revision = revision + 1
        WHERE id = @id
        """;
}
