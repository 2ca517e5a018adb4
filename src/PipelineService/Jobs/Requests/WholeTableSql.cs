namespace PipelineService.Jobs.Requests;

/// <summary>The SQL of <see cref="WholeTableRevert"/>.</summary>
internal static class WholeTableSql
{
    /// <summary>None when the rows of the table are not those of the job.</summary>
    public const string FindCurrent = """
        SELECT r.former, r.began_empty,
               EXISTS (SELECT FROM pipeline.lookup_versions v WHERE v.dataset = r.dataset AND v.job_id = r.former) AS has_copy,
               EXISTS (SELECT FROM pipeline.jobs f WHERE f.id = r.former AND f.upload_kept_until > now()) AS is_upload_kept,
               j.records_loaded AS rows
        FROM pipeline.dataset_rows r JOIN pipeline.jobs j ON j.id = r.job_id
        WHERE r.dataset = @dataset AND r.job_id = @job
        FOR UPDATE OF r
        """;

    /// <summary>The columns of a table that take values and are in its copy as well.</summary>
    public const string SharedColumns = """
        SELECT t.attname FROM pg_catalog.pg_attribute t
        JOIN pg_catalog.pg_attribute c ON c.attrelid = @copy::regclass AND c.attname = t.attname AND c.attnum > 0 AND NOT c.attisdropped
        WHERE t.attrelid = @table::regclass AND t.attnum > 0 AND NOT t.attisdropped AND t.attgenerated = ''
        ORDER BY t.attnum
        """;

    /// <summary>The table has no row of the dataset any more.</summary>
    public const string Forget = "DELETE FROM pipeline.dataset_rows WHERE dataset = @dataset";

    /// <summary>The rows of before are the current ones, and their job is as it was.</summary>
    public const string BringBack = """
        UPDATE pipeline.dataset_rows SET job_id = @former, former = NULL, began_empty = false, since = now() WHERE dataset = @dataset;
        UPDATE pipeline.jobs
        SET reverted_at = NULL, records_reverted = NULL, replaced_by = NULL, superseded = false, revision = revision + 1
        WHERE id = @former AND replaced_by = @job
        """;
}
