namespace PipelineService.Jobs.Traces;

/// <summary>The SQL of what is known of one record of a job.</summary>
internal static class TraceSql
{
    /// <summary>The last checkpoint that starts at an offset or before it.</summary>
    public const string ChunkAt = """
        SELECT start_offset, end_offset, first_record, first_line, read, loaded, rejected, filtered, epoch, committed_at
        FROM pipeline.job_chunks WHERE job_id = @id AND start_offset <= @offset ORDER BY start_offset DESC LIMIT 1
        """;

    /// <summary>What the row of a record lacks because a service gave no answer.</summary>
    public const string Gaps = "SELECT op, reason, state FROM pipeline.enrichment_gaps WHERE job_id = @id AND record = @record ORDER BY op";

    /// <summary>What was made of the upload of a job, if it is one that is converted; and where its rows lie.</summary>
    public const string Places = """
        SELECT converted_bytes, converted_hash, rows_file, rows_from, rows_until FROM pipeline.jobs WHERE id = @id
        """;
}
