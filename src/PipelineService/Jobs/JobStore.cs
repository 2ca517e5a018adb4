using Dapper;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>The job rows. Reads for requests fail fast in an outage; writes of running jobs wait it out.</summary>
public sealed class JobStore(Database database, Instance instance, TimeProvider time)
{
    public Task<JobRow?> FindAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(JobSql.Find, new { id }, token)),
        cancellationToken);

    public Task<JobRow?> FindPatientlyAsync(Guid id, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(JobSql.Find, new { id }, token)),
        cancellationToken);

    /// <summary>The job that answers for an upload under a key: null when the upload is to be loaded.</summary>
    /// <param name="version">The dataset's version under which it would be.</param>
    public Task<JobRow?> FindByKeyAsync(string dataset, int version, string key, CancellationToken cancellationToken) =>
        database.RunAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(
                FindByKeyCommand(dataset, version, key, foundSince: null, token)),
            cancellationToken);

    /// <summary>The job that answers for an upload that was found in the spool: one that has its key, or has had it since.</summary>
    /// <param name="row">The row that it was to have.</param>
    public Task<JobRow?> FindInsteadOfFoundAsync(JobRow row, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(
                FindByKeyCommand(row.Dataset, row.DatasetVersion, row.IdempotencyKey!, row.CreatedAt, token)),
            cancellationToken);

    /// <summary>Whether another job is about to take the place of this one.</summary>
    public Task<bool> IsBeingReplacedAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleAsync<bool>(JobSql.Command(JobSql.IsBeingReplaced, new { id }, token)),
        cancellationToken);

    /// <summary>The rows of those among these jobs that have one.</summary>
    public Task<IReadOnlyList<JobRow>> FindAllAsync(Guid[] ids, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<JobRow>)
            [.. await connection.QueryAsync<JobRow>(JobSql.Command(JobSql.FindAll, new { ids }, token))],
        cancellationToken);

    /// <summary>Jobs that have a row, newest first.</summary>
    public Task<JobRows> ListAsync(JobFilter filter, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            object values = ValuesOf(filter);
            List<JobRow> rows = [.. await connection.QueryAsync<JobRow>(JobSql.Command(JobListSql.Page(filter), values, token))];
            if (rows.Count > filter.Limit)
            {
                return new JobRows(rows[..filter.Limit], rows[filter.Limit - 1].Id);
            }

            Guid? next = filter.Text is null
                ? null
                : await connection.QuerySingleOrDefaultAsync<Guid?>(JobSql.Command(JobListSql.LastLooked(filter), values, token));
            return new JobRows(rows, next);
        },
        cancellationToken);

    internal static object ValuesOf(JobFilter filter) => new
    {
        filter.Dataset,
        filter.Table,
        filter.States,
        filter.IsOpen,
        filter.Source,
        filter.Batch,
        filter.Tenant,
        filter.DatasetNames,
        filter.DatasetPrefixes,
        filter.Text,
        filter.CreatedAfter,
        filter.CreatedBefore,
        filter.FinishedAfter,
        filter.FinishedBefore,
        filter.From,
        filter.Until,
        filter.Look,
        filter.Limit,
    };

    /// <summary>Registers a job or completes its row. Repeating it changes nothing.</summary>
    /// <param name="entry">What the audit is told with it; null while the upload is not taken yet.</param>
    /// <returns>False when another owner or attempt has the job.</returns>
    public Task<bool> RegisterAsync(JobRow row, AuditEntry? entry, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => WriteRowAsync(connection, RegisterCommand(row, entry, token)), cancellationToken);

    /// <inheritdoc cref="RegisterAsync"/>
    public Task<bool> RegisterPatientlyAsync(JobRow row, AuditEntry? entry, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => WriteRowAsync(connection, RegisterCommand(row, entry, token)), cancellationToken);

    /// <summary>Registers the job of an upload that was found in the spool, unless its sender has been told of another since.</summary>
    /// <param name="entry">That the upload was taken.</param>
    public Task RegisterFoundAsync(JobRow row, AuditEntry entry, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => WriteRowAsync(connection, RegisterCommand(row, entry, token, row.CreatedAt)), cancellationToken);

    /// <summary>Registers a job that ends as it is registered: nothing of it will be loaded.</summary>
    /// <param name="row">Its row, with its final state and the reason.</param>
    /// <param name="entry">That its upload was taken.</param>
    public Task RegisterEndedAsync(JobRow row, AuditEntry entry, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(
            $"{JobSql.RegisterEnded}; {AuditSql.Insert}", With(row, entry), token)),
        cancellationToken);

    /// <summary>The states of those among these jobs that have a row.</summary>
    public Task<Dictionary<Guid, JobState>> StatesOfAsync(Guid[] ids, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) => (await connection.QueryAsync<(Guid Id, string State)>(JobSql.Command(
                    JobSql.StatesOf, new { ids }, token)))
                .ToDictionary(r => r.Id, r => JobStates.TryParse(r.State, out JobState state) ? state : JobState.Failed),
            cancellationToken);

    /// <summary>A new row for an upload, in the form in which it is registered.</summary>
    public JobRow RowOf(SpoolManifest manifest, Guid spool, JobState state, bool isOurs) => new()
    {
        Id = manifest.UploadId,
        Dataset = manifest.Dataset,
        DatasetVersion = manifest.DatasetVersion,
        State = state.ToText(),
        Source = manifest.Source,
        ContentType = manifest.ContentType,
        ContentEncoding = manifest.ContentEncoding,
        UploadBytes = manifest.UploadBytes,
        UploadComplete = true,
        UploadSha256 = Convert.FromHexString(manifest.Sha256),
        IdempotencyKey = manifest.IdempotencyKey,
        CreatedAt = manifest.CreatedAt.UtcDateTime,
        ReceivedAt = manifest.ReceivedAt.UtcDateTime,
        StartedAt = isOurs ? Now : null,
        Spool = spool,
        Owner = isOurs ? instance.Id : null,
        Epoch = isOurs ? 1 : 0,
        Attempt = isOurs ? 1 : 0,
        KeepUpload = manifest.KeepUpload,
        Replaces = manifest.Replaces,
        Taken = manifest.Taken,
        Tenant = manifest.Tenant,
        KeyId = manifest.KeyId,
        Batch = manifest.Batch,
    };

    public DateTime Now => time.GetDatabaseNow().UtcDateTime;

    private static async Task<bool> WriteRowAsync(NpgsqlConnection connection, CommandDefinition register)
    {
        FaultPoints.Reach(FaultPoint.JobRegistering);
        bool isAsGiven = await connection.QuerySingleAsync<bool>(register);
        FaultPoints.Reach(FaultPoint.JobRegistered);
        return isAsGiven;
    }

    private static CommandDefinition FindByKeyCommand(
        string dataset, int version, string key, DateTime? foundSince, CancellationToken cancellationToken) => JobSql.Command(
            JobSql.FindByKey,
            new { Dataset = dataset, DatasetVersion = version, IdempotencyKey = key, FoundSince = foundSince },
            cancellationToken);

    private static CommandDefinition RegisterCommand(
        JobRow row, AuditEntry? entry, CancellationToken cancellationToken, DateTime? foundSince = null) => JobSql.Command(
        (row.Replaces is null ? "" : JobSql.BeginReplacement)
            + (row.Taken is null ? "" : JobSql.Take)
            + $"{(row.IdempotencyKey is null ? JobSql.Register : JobSql.RegisterWithKey)}; "
            + $"{(entry is null ? "" : $"{AuditSql.Insert};")} {JobSql.IsAsGiven}",
        WithTaken(WithFoundSince(With(RegisterValues(row), entry), foundSince), row.Taken),
        cancellationToken);

    /// <summary>One text is one transaction: the entry is there with the row or not at all.</summary>
    private static DynamicParameters With(object values, AuditEntry? entry)
    {
        DynamicParameters both = new(values);
        if (entry is not null)
        {
            both.AddDynamicParams(AuditSql.ValuesOf(entry));
        }

        return both;
    }

    private static DynamicParameters WithFoundSince(DynamicParameters values, DateTime? foundSince)
    {
        values.AddDynamicParams(new { FoundSince = foundSince });
        return values;
    }

    private static DynamicParameters WithTaken(DynamicParameters values, TakenFrom? taken)
    {
        if (taken is not null)
        {
            values.AddDynamicParams(new
            {
                TakenSource = taken.Source,
                TakenObject = taken.Object,
                TakenVersion = taken.Version,
                TakenAfter = taken.After,
                TakenUntil = taken.Until,
            });
        }

        return values;
    }

    /// <summary>What <see cref="JobSql.Register"/> and what stands around it are given.</summary>
    internal static object RegisterValues(JobRow row) =>
        new
        {
            row.Id,
            row.Dataset,
            row.DatasetVersion,
            row.State,
            row.Source,
            row.ContentType,
            row.ContentEncoding,
            row.UploadBytes,
            row.UploadComplete,
            row.UploadSha256,
            row.IdempotencyKey,
            row.CreatedAt,
            row.ReceivedAt,
            row.StartedAt,
            row.Spool,
            row.Owner,
            row.Epoch,
            row.Attempt,
            row.UploadId,
            row.KeepUpload,
            row.Replaces,
            row.Tenant,
            row.KeyId,
            row.Batch,
        };
}
