namespace PipelineService.Jobs.Instances;

/// <summary>
/// The SQL of <see cref="InstanceLeases"/>. Leases are measured by the database's clock, which all instances share.
/// </summary>
internal static class InstanceSql
{
    /// <summary>
    /// One row, whatever the instance runs. A row that others have removed meanwhile is made again. Answers whether there are
    /// other instances.
    /// </summary>
    public const string Renew = """
        INSERT INTO pipeline.instances (id, spool, host, version, lease_until) VALUES (@id, @spool, @host, @version, now() + @lease)
        ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until
        RETURNING EXISTS (SELECT FROM pipeline.instances i WHERE i.id <> @id AND i.lease_until >= now())
        """;

    /// <summary>
    /// Instances that are known to be dead have no lease any more, and neither have jobs of those that came from before there
    /// was one for all of an instance.
    /// </summary>
    public const string End = """
        UPDATE pipeline.instances SET lease_until = '-infinity' WHERE id = ANY (@ids);
        UPDATE pipeline.jobs SET lease_until = '-infinity'
        WHERE finished_at IS NULL AND owner = ANY (@ids) AND spool = @spool AND lease_until <> 'infinity'
        """;

    /// <summary>Instances whose lease is over, and that have no job any more.</summary>
    public const string ForgetEnded = """
        DELETE FROM pipeline.instances i
        WHERE lease_until < now()
          AND NOT EXISTS (SELECT FROM pipeline.jobs j
                          WHERE j.finished_at IS NULL AND j.spool = i.spool AND j.lease_until = 'infinity' AND j.owner = i.id)
        """;

    /// <summary>
    /// Jobs of this spool that belong to nobody who was ever seen: somebody has deleted the row of their owner. Those of this
    /// instance are told, too: it knows which of them it runs.
    /// </summary>
    public const string FindUnfollowed = """
        SELECT id, epoch, owner FROM pipeline.jobs j
        WHERE finished_at IS NULL AND owner IS NOT NULL AND spool = @spool AND lease_until = 'infinity'
          AND (owner = @owner OR NOT EXISTS (SELECT FROM pipeline.instances i WHERE i.id = j.owner))
        """;

    /// <summary>
    /// A job that nobody runs although its owner lives: others may take it up from now on, and it is no attempt.
    /// </summary>
    public const string LetGo = """
        UPDATE pipeline.jobs SET lease_until = '-infinity'
        WHERE id = @Id AND epoch = @Epoch AND owner = @Owner AND finished_at IS NULL
        """;

    /// <summary>
    /// What has become of jobs that an instance runs: whose they are, and whether somebody has asked for their end in time.
    /// </summary>
    public const string Look = """
        SELECT id, owner, epoch, finished_at IS NOT NULL AS is_final, cancel_requested AND state <> 'committing' AS is_to_end
        FROM pipeline.jobs WHERE id = ANY (@ids)
        """;

    /// <summary>Of jobs that are still their owner's.</summary>
    public const string Tell = """
        INSERT INTO pipeline.job_progress
            (job_id, waiting_for, records_read, records_loaded, records_rejected, records_filtered, rejects, ops, progress_ratio,
             records_per_second, upload_bytes)
        SELECT t.job_id, t.waiting_for, t.records_read, t.records_loaded, t.records_rejected, t.records_filtered, t.rejects::jsonb, t.ops::jsonb,
               t.progress_ratio, t.records_per_second, t.upload_bytes
        FROM unnest(@Ids, @Epochs, @WaitingFor, @Read, @Loaded, @Rejected, @Filtered, @Rejects, @Ops, @Ratios, @Rates, @Bytes)
             AS t (job_id, epoch, waiting_for, records_read, records_loaded, records_rejected, records_filtered, rejects,
                   ops, progress_ratio, records_per_second, upload_bytes)
        JOIN pipeline.jobs j ON j.id = t.job_id AND j.epoch = t.epoch AND j.owner = @owner AND j.finished_at IS NULL
        ORDER BY t.job_id
        ON CONFLICT (job_id) DO UPDATE
        SET waiting_for = excluded.waiting_for, records_read = excluded.records_read, records_loaded = excluded.records_loaded,
            records_rejected = excluded.records_rejected, records_filtered = excluded.records_filtered, rejects = excluded.rejects,
            ops = excluded.ops,
            progress_ratio = excluded.progress_ratio, records_per_second = excluded.records_per_second,
            upload_bytes = excluded.upload_bytes, told_at = excluded.told_at
        """;

    /// <summary>Of jobs that have ended: what was told while they did.</summary>
    public const string ForgetProgress = """
        DELETE FROM pipeline.job_progress p USING pipeline.jobs j
        WHERE p.job_id = ANY (@ids) AND j.id = p.job_id AND j.finished_at IS NOT NULL
        """;
}
