using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>A chunk that is committed.</summary>
public sealed record Checkpoint(
    long StartOffset, long EndOffset, long FirstRecord, long FirstLine, long Lines,
    long Read, long Loaded, long Rejected, long Filtered)
{
    public RecordCounts Counts => new(Read, Loaded, Rejected, Filtered);
}

/// <summary>Which jobs may be claimed.</summary>
/// <param name="Living">Instances that have not died, the claiming one included.</param>
/// <param name="Suspects">Whether a job may be taken that has ended its process so often that this attempt is its last.</param>
/// <param name="Closed">Versions of datasets that load into tables for which no job can begin now.</param>
/// <param name="Left">Jobs to be left to others.</param>
public sealed record ClaimFilter(
    Guid Spool, Guid[] Living, bool Suspects, IReadOnlyCollection<(string Dataset, int Number)> Closed,
    IReadOnlyCollection<Guid> Left);

/// <summary>Which jobs a list shows.</summary>
public sealed record JobFilter(string? Dataset, string? State, string? Source, Guid? Before, int Limit);

/// <summary>The job rows. Reads for requests fail fast in an outage; writes of running jobs wait it out.</summary>
public sealed class JobStore(Database database, Instance instance, IOptions<JobsOptions> options, TimeProvider time)
{
    private readonly TimeSpan _lease = options.Value.LeaseTime;

    public Task<JobRow?> FindAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(Command(JobSql.Find, new { id }, token)),
        cancellationToken);

    public Task<JobRow?> FindPatientlyAsync(Guid id, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(Command(JobSql.Find, new { id }, token)),
        cancellationToken);

    /// <summary>The job that answers for an upload under a key: null when the upload is to be loaded.</summary>
    /// <param name="version">The dataset's version under which it would be.</param>
    public Task<JobRow?> FindByKeyAsync(string dataset, int version, string key, CancellationToken cancellationToken) =>
        database.RunAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(
                FindByKeyCommand(dataset, version, key, token)),
            cancellationToken);

    /// <inheritdoc cref="FindByKeyAsync"/>
    public Task<JobRow?> FindByKeyPatientlyAsync(
        string dataset, int version, string key, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(
                FindByKeyCommand(dataset, version, key, token)),
            cancellationToken);

    /// <summary>The rows of those among these jobs that have one.</summary>
    public Task<IReadOnlyList<JobRow>> FindAllAsync(Guid[] ids, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<JobRow>)
            [.. await connection.QueryAsync<JobRow>(Command(JobSql.FindAll, new { ids }, token))],
        cancellationToken);

    public Task<IReadOnlyList<JobRow>> ListAsync(JobFilter filter, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<JobRow>)
            [.. await connection.QueryAsync<JobRow>(Command(JobSql.List, filter, token))],
        cancellationToken);

    /// <summary>Registers a job or completes its row. Repeating it changes nothing.</summary>
    /// <returns>False when another owner or attempt has the job.</returns>
    public Task<bool> RegisterAsync(JobRow row, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => WriteRowAsync(connection, RegisterCommand(row, token)), cancellationToken);

    /// <inheritdoc cref="RegisterAsync"/>
    public Task<bool> RegisterPatientlyAsync(JobRow row, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => WriteRowAsync(connection, RegisterCommand(row, token)), cancellationToken);

    /// <summary>Registers a job that ends as it is registered: nothing of it will be loaded.</summary>
    /// <param name="row">Its row, with its final state and the reason.</param>
    public Task RegisterEndedAsync(JobRow row, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(Command(JobSql.RegisterEnded, row, token)), cancellationToken);

    /// <summary>The next job that nobody runs, now ours; or null.</summary>
    public Task<JobRow?> ClaimNextAsync(ClaimFilter filter, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        async (connection, token) =>
        {
            FaultPoints.Reach(FaultPoint.JobClaiming);
            JobRow? job = await connection.QuerySingleOrDefaultAsync<JobRow>(Command(
                JobSql.ClaimNext,
                new
                {
                    owner = instance.Id,
                    lease = _lease,
                    spool = filter.Spool,
                    now = Now,
                    living = filter.Living,
                    left = filter.Left.ToArray(),
                    suspects = filter.Suspects,
                    datasets = filter.Closed.Select(version => version.Dataset).ToArray(),
                    versions = filter.Closed.Select(version => version.Number).ToArray(),
                    attemptsMax = options.Value.AttemptsMax,
                },
                token));
            if (job is not null)
            {
                FaultPoints.Reach(FaultPoint.JobClaimed);
            }

            return job;
        },
        cancellationToken);

    /// <summary>Whether a job waits for its last attempt.</summary>
    public Task<bool> HasSuspectAsync(Guid spool, Guid[] living, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.QuerySingleAsync<bool>(Command(
                JobSql.HasSuspect, new { spool, living, attemptsMax = options.Value.AttemptsMax }, token)),
            cancellationToken);

    /// <summary>How many jobs have waited for so long without being run.</summary>
    public Task<long> CountWaitingAsync(Guid spool, TimeSpan age, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleAsync<long>(Command(JobSql.CountWaiting, new { spool, age }, token)),
        cancellationToken);

    /// <summary>
    /// Begins another attempt: fences off the one before, ends its sessions, and tells what became of the job meanwhile.
    /// </summary>
    /// <returns>The job's row under its new epoch, or null when it is no longer ours.</returns>
    public Task<JobRow?> NextEpochAsync(Guid id, long epoch, string sessionName, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync(Command(JobSql.EndLeftoverSessions, new { name = sessionName }, token));
                return await connection.QuerySingleOrDefaultAsync<JobRow>(Command(
                    JobSql.NextEpoch, new { id, epoch, owner = instance.Id, lease = _lease }, token));
            },
            cancellationToken);

    /// <summary>Ends sessions that an attempt of another process left open.</summary>
    public Task EndLeftoverSessionsAsync(string sessionName, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.ExecuteAsync(Command(
                JobSql.EndLeftoverSessions, new { name = sessionName }, token)),
            cancellationToken);

    public Task<IReadOnlyList<Checkpoint>> ReadCheckpointsAsync(Guid id, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) => (IReadOnlyList<Checkpoint>)
                [.. await connection.QueryAsync<Checkpoint>(Command(JobSql.ReadCheckpoints, new { id }, token))],
            cancellationToken);

    /// <summary>Removes what attempts have rejected and not committed.</summary>
    /// <param name="uncovered">The records that no checkpoint covers.</param>
    public Task DeleteDeadLettersAsync(
        Guid id, IReadOnlyList<RecordRange> uncovered, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(Command(
            JobSql.DeleteDeadLetters,
            new { id, firsts = uncovered.Select(r => r.First).ToArray(), ends = uncovered.Select(r => r.End).ToArray() },
            token)),
        cancellationToken);

    /// <returns>Null when the job is no longer ours; else whether it is to be cancelled.</returns>
    public Task<bool?> HeartbeatAsync(JobRow progress, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<bool?>(Command(
            JobSql.Heartbeat,
            new
            {
                id = progress.Id,
                epoch = progress.Epoch,
                owner = instance.Id,
                lease = _lease,
                progress.Counts.Read,
                progress.Counts.Loaded,
                progress.Counts.Rejected,
                progress.Counts.Filtered,
                uploadBytes = progress.UploadBytes,
                ratio = progress.ProgressRatio,
                rate = progress.RecordsPerSecond,
                waitingFor = progress.WaitingFor,
            },
            token)),
        cancellationToken);

    /// <summary>Asks whoever runs the job to cancel it.</summary>
    /// <returns>False when that is not possible any more, or the job has no row yet.</returns>
    public async Task<bool> RequestCancelAsync(Guid id, CancellationToken cancellationToken) => await database.RunAsync(
        (connection, token) => connection.ExecuteAsync(Command(JobSql.RequestCancel, new { id }, token)), cancellationToken) > 0;

    /// <summary>A job that nobody runs, now ours to be ended; or null.</summary>
    public Task<JobRow?> ClaimToEndAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(Command(
            JobSql.ClaimToEnd, new { id, owner = instance.Id, lease = _lease }, token)),
        cancellationToken);

    /// <summary>Ends a job that nobody runs, before anybody can take it up.</summary>
    /// <returns>False when somebody runs it, or it has ended.</returns>
    public Task<bool> CancelWaitingAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            // One transaction: with a process that died between the two the wish would be lost.
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            if (await connection.QuerySingleOrDefaultAsync<JobRow>(Command(JobSql.FenceToCancel, new { id }, token)) is not { } row)
            {
                return false;
            }

            await connection.ExecuteAsync(EndCommand(id, row.Epoch, JobState.Cancelled, error: null, row.UploadColumns, token));
            await transaction.CommitAsync(token);
            return true;
        },
        cancellationToken);

    /// <summary>
    /// Ends a job that failed or was cancelled. Nothing happens when it is final or no longer ours. Whatever its texts hold, the
    /// end is written: a job whose end cannot be would be tried for ever.
    /// </summary>
    public async Task EndAsync(
        Guid id, long epoch, JobState state, string? error, string[]? columns, CancellationToken cancellationToken)
    {
        try
        {
            await WriteEndAsync(id, epoch, state, error, columns, cancellationToken);
        }
        catch (PostgresException e) when (!SqlFaults.MayPass(e))
        {
            string? plain = error is null ? null : Faults.ToJson(Faults.Unwritable(e));
            await WriteEndAsync(id, epoch, state, plain, columns: null, cancellationToken);
        }
    }

    private Task<int> WriteEndAsync(
        Guid id, long epoch, JobState state, string? error, string[]? columns, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) =>
            {
                FaultPoints.Reach(FaultPoint.JobEnding);
                int rows = await connection.ExecuteAsync(EndCommand(id, epoch, state, error, columns, token));
                FaultPoints.Reach(FaultPoint.JobEnded);
                return rows;
            },
            cancellationToken);

    public Task HandBackAsync(Guid id, long epoch, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(Command(JobSql.HandBack, new { id, epoch }, token)),
        cancellationToken);

    /// <summary>Gives a job back to the queue for a while. The claims go on with other jobs, and its attempt does not count.</summary>
    /// <param name="job">With what it waits for, and how its tries went.</param>
    /// <returns>Its row, or null when it has ended or is another's.</returns>
    public Task<JobRow?> PostponeAsync(JobRow job, TimeSpan pause, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(Command(
                JobSql.Postpone,
                new { job.Id, job.Epoch, pause, job.WaitingFor, job.Tries, job.TriedBytes, job.WaitingSince },
                token)),
            cancellationToken);

    public Task RemoveAsync(Guid id, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(Command(JobSql.Remove, new { id }, token)), cancellationToken);

    public Task<IReadOnlyList<JobRow>> DeadReceivingAsync(Guid spool, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) => (IReadOnlyList<JobRow>)
                [.. await connection.QueryAsync<JobRow>(Command(JobSql.DeadReceiving, new { spool }, token))],
            cancellationToken);

    /// <summary>The states of those among these jobs that have a row.</summary>
    public Task<Dictionary<Guid, JobState>> StatesOfAsync(Guid[] ids, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) => (await connection.QueryAsync<(Guid Id, string State)>(Command(
                    JobSql.StatesOf, new { ids }, token)))
                .ToDictionary(r => r.Id, r => JobStates.TryParse(r.State, out JobState state) ? state : JobState.Failed),
            cancellationToken);

    /// <summary>The leases of instances that are known to be dead run out at once.</summary>
    public Task ExpireLeasesAsync(Guid[] owners, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(Command(JobSql.ExpireLeases, new { owners }, token)),
        cancellationToken);

    /// <summary>No attempt that runs now can commit any more.</summary>
    public Task FenceAsync(Guid id, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(Command(JobSql.Fence, new { id }, token)), cancellationToken);

    /// <summary>A new row for an upload, in the form in which it is registered.</summary>
    public JobRow RowOf(SpoolManifest manifest, Guid spool, JobState state, bool isOurs) => new()
    {
        Id = manifest.JobId,
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
    };

    public DateTime Now => time.GetUtcNow().UtcDateTime;

    private static async Task<bool> WriteRowAsync(NpgsqlConnection connection, CommandDefinition register)
    {
        FaultPoints.Reach(FaultPoint.JobRegistering);
        bool isAsGiven = await connection.QuerySingleAsync<bool>(register);
        FaultPoints.Reach(FaultPoint.JobRegistered);
        return isAsGiven;
    }

    private static CommandDefinition FindByKeyCommand(
        string dataset, int version, string key, CancellationToken cancellationToken) => Command(
            JobSql.FindByKey, new { Dataset = dataset, DatasetVersion = version, IdempotencyKey = key }, cancellationToken);

    private CommandDefinition RegisterCommand(JobRow row, CancellationToken cancellationToken) => Command(
        row.IdempotencyKey is null ? JobSql.Register : JobSql.TakeKeyOver + JobSql.Register,
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
            LeaseTime = _lease,
        },
        cancellationToken);

    private CommandDefinition EndCommand(
        Guid id, long epoch, JobState state, string? error, string[]? columns, CancellationToken cancellationToken) => Command(
            JobSql.End, new { id, epoch, state = state.ToText(), error, columns, now = Now }, cancellationToken);

    private static CommandDefinition Command(string sql, object parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, cancellationToken: cancellationToken);
}
