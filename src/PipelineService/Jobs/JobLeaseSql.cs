namespace PipelineService.Jobs;

/// <summary>The SQL of <see cref="JobLeases"/>. Leases are measured by the database's clock, which all instances share.</summary>
internal static class JobLeaseSql
{
    /// <summary>
    /// Nobody has the job: it waits, or its owner's lease is over, or its own is. One of its own has a job of an instance of the
    /// version before, and one of which its owner has let go.
    /// </summary>
    public const string IsFree = """
        (owner IS NULL OR lease_until < now()
         OR (lease_until = 'infinity'
             AND NOT EXISTS (SELECT FROM pipeline.instances i WHERE i.id = owner AND i.lease_until >= now())))
        """;

    /// <summary>
    /// Begins another attempt of a job that this instance holds: transactions of the attempt before can no longer commit,
    /// and one that is committing is waited for.
    /// </summary>
    public const string NextEpoch = $"""
        UPDATE pipeline.jobs
        SET epoch = epoch + 1, lease_until = 'infinity', revision = revision + 1
        WHERE id = @id AND epoch = @epoch AND owner = @owner
        RETURNING {JobSql.Columns}
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
        RETURNING {JobSql.Columns}
        """;

    /// <summary>Takes a waiting job that is to be cancelled or failed, so that nobody starts it.</summary>
    public const string ClaimToEnd = $"""
        UPDATE pipeline.jobs
        SET owner = @owner, lease_until = 'infinity', epoch = epoch + 1, revision = revision + 1
        WHERE id = @id AND finished_at IS NULL AND state <> 'committing' AND {IsFree}
        RETURNING {JobSql.Columns}
        """;

    /// <summary>Whoever still loads the job cannot commit any more.</summary>
    public const string Fence = "UPDATE pipeline.jobs SET epoch = epoch + 1 WHERE id = @id AND finished_at IS NULL";

    /// <summary>Ends sessions that an earlier attempt left open: they hold locks that this attempt would wait for.</summary>
    public const string EndLeftoverSessions = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = @name AND pid <> pg_backend_pid() AND usename = current_user
        """;

    /// <summary>Uploads that broke off together with the instance that received them.</summary>
    public const string DeadReceiving = $"""
        SELECT {JobSql.Columns} FROM pipeline.jobs
        WHERE finished_at IS NULL AND owner IS NOT NULL AND spool = @spool AND state = 'receiving' AND {IsFree}
        ORDER BY id LIMIT 100
        """;
}
