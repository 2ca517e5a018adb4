using Dapper;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Runs;

/// <summary>Which uploads are kept for no job any more. That is told by the jobs' rows alone.</summary>
/// <remarks>
/// An upload that is kept has at least one row that says until when, and that row says so until the bytes are gone. So whatever
/// dies in between, they are found again.
/// </remarks>
public sealed class KeptUploads(Database database)
{
    /// <summary>Uploads that are found at once.</summary>
    public const int CountMax = 100;

    /// <summary>
    /// A re-run may begin until the time is over; it is registered long before this is over too, and then seen here.
    /// </summary>
    private const string Over = "now() - interval '1 minute'";

    private const string Find = $"""
        SELECT DISTINCT coalesce(j.upload_id, j.id)
        FROM pipeline.jobs j
        WHERE j.upload_kept_until < {Over} AND j.spool = @spool
          AND NOT EXISTS (SELECT FROM pipeline.jobs o WHERE o.id = j.upload_id AND o.upload_kept_until >= {Over})
          AND NOT EXISTS (SELECT FROM pipeline.jobs o
                          WHERE o.upload_id = coalesce(j.upload_id, j.id)
                            AND (o.finished_at IS NULL OR o.upload_kept_until >= {Over}))
        LIMIT @countMax
        """;

    private const string Forget = $"""
        UPDATE pipeline.jobs SET upload_kept_until = NULL, revision = revision + 1
        WHERE upload_kept_until < {Over} AND (id = ANY (@uploads) OR upload_id = ANY (@uploads))
        """;

    /// <summary>Uploads in a spool that no job needs any more.</summary>
    public Task<Guid[]> FindOverAsync(Guid spool, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        async (connection, token) => (Guid[])
            [.. await connection.QueryAsync<Guid>(JobSql.Command(Find, new { spool, countMax = CountMax }, token))],
        cancellationToken);

    /// <summary>Their bytes are gone.</summary>
    public Task ForgetAsync(Guid[] uploads, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(Forget, new { uploads }, token)), cancellationToken);
}
