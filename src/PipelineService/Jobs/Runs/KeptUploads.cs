using Dapper;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Runs;

/// <summary>Which uploads are kept for no job any more. That is told by the jobs' rows alone.</summary>
/// <remarks>
/// An upload that is kept has at least one row that says until when, and that row says so until the bytes are gone. So whatever
/// dies in between, they are found again.
/// </remarks>
public sealed class KeptUploads(Database database, TimeProvider time)
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
        RETURNING coalesce(upload_id, id) AS id, dataset, deleted_at IS NOT NULL AS is_deleted
        """;

    /// <summary>Uploads in a spool that no job needs any more.</summary>
    public Task<Guid[]> FindOverAsync(Guid spool, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        async (connection, token) => (Guid[])
            [.. await connection.QueryAsync<Guid>(JobSql.Command(Find, new { spool, countMax = CountMax }, token))],
        cancellationToken);

    /// <summary>Their bytes are gone.</summary>
    public Task ForgetAsync(Guid[] uploads, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            Forgotten[] jobs = [.. await connection.QueryAsync<Forgotten>(JobSql.Command(Forget, new { uploads }, token))];
            await AuditWriter.WriteAsync(connection, [.. jobs.DistinctBy(job => job.Id).Select(EntryOf)], token);
            await transaction.CommitAsync(token);
            return jobs.Length;
        },
        cancellationToken);

    private AuditEntry EntryOf(Forgotten upload) => AuditEntry.Of(
        AuditActor.Service, AuditActions.UploadDelete, time.GetDatabaseNow(), $"upload/{upload.Id}", upload.Dataset,
        ("reason", upload.IsDeleted ? "job deleted" : "kept long enough"));

    /// <summary>A job that has kept an upload.</summary>
    private sealed record Forgotten(Guid Id, string Dataset, bool IsDeleted);
}
