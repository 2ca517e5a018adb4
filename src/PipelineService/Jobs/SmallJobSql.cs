namespace PipelineService.Jobs;

/// <summary>The SQL with which jobs end that share a transaction.</summary>
internal static class SmallJobSql
{
    /// <summary>The fence of all of them; in one order, whoever else asks for several.</summary>
    public const string RequireEpochs = """
        SELECT pipeline.require_epoch(id, epoch) FROM unnest($1::uuid[], $2::bigint[]) held (id, epoch) ORDER BY id
        """;

    /// <summary>
    /// The checkpoints and the ends of jobs of one chunk of which nothing was rejected, in the transaction that loads their rows.
    /// Returns the rows of the jobs.
    /// </summary>
    public static readonly string Finish = $$"""
        WITH ended AS (
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                                 $8::bigint[], $9::bigint[], $10::text[], $15::text[])
            ended (job_id, job_epoch, start_offset, end_offset, first_line, lines, read, loaded, filtered, columns, op_counts)),
        covered AS (
            INSERT INTO pipeline.job_chunks
                (job_id, start_offset, end_offset, first_record, first_line, lines, read, loaded, rejected, filtered, epoch, ops)
            SELECT job_id, start_offset, end_offset, 1, first_line, lines, read, loaded, 0, filtered, job_epoch, op_counts::jsonb FROM ended)
        UPDATE pipeline.jobs
        SET state = 'succeeded', records_read = ended.read, records_loaded = ended.loaded, records_rejected = 0,
            records_filtered = ended.filtered, rejects = '{"groups": [], "other": 0}', ops = ended.op_counts::jsonb, progress_ratio = 1,
            waiting_for = NULL, upload_columns = ARRAY(SELECT jsonb_array_elements_text(ended.columns::jsonb)),
            {{RowsOfJob.PlaceColumns}}, finished_at = $11, upload_kept_until = $11 + keep_upload, owner = NULL, lease_until = NULL,
            revision = revision + 1
        FROM ended LEFT JOIN {{RowsOfJob.Place("$12", "$13", "$14")}} ON true
        WHERE id = ended.job_id
        RETURNING {{JobSql.Columns}}
        """;
}
