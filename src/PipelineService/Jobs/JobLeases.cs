using Dapper;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Quality;

namespace PipelineService.Jobs;

/// <summary>Who may run which job, and until when. Writes of running jobs wait an outage out.</summary>
public sealed class JobLeases(Database database, Instance instance)
{
    /// <summary>
    /// Begins another attempt: fences off the one before, ends its sessions, and tells what became of the job meanwhile.
    /// </summary>
    /// <returns>The job's row under its new epoch, or null when it is no longer ours.</returns>
    public Task<JobRow?> NextEpochAsync(Guid id, long epoch, string sessionName, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync(JobSql.Command(JobLeaseSql.EndLeftoverSessions, new { name = sessionName }, token));
                return await connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(
                    JobLeaseSql.NextEpoch, new { id, epoch, owner = instance.Id }, token));
            },
            cancellationToken);

    /// <summary>Ends sessions that an attempt of another process left open.</summary>
    public Task EndLeftoverSessionsAsync(string sessionName, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.ExecuteAsync(JobSql.Command(
                JobLeaseSql.EndLeftoverSessions, new { name = sessionName }, token)),
            cancellationToken);

    public Task HandBackAsync(Guid id, long epoch, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(JobLeaseSql.HandBack, new { id, epoch }, token)),
        cancellationToken);

    /// <summary>
    /// Gives a job back to the queue for a while. The claims go on with other jobs, and its attempt does not count.
    /// </summary>
    /// <param name="job">With what it waits for, and how its tries went.</param>
    /// <returns>Its row, or null when it has ended or is another's.</returns>
    public Task<JobRow?> PostponeAsync(JobRow job, TimeSpan pause, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(
                JobLeaseSql.Postpone,
                new { job.Id, job.Epoch, pause, job.WaitingFor, job.Tries, job.TriedBytes, job.WaitingSince },
                token)),
            cancellationToken);

    /// <summary>Gives a job back to the queue until somebody decides on it.</summary>
    /// <param name="quality">Why.</param>
    /// <returns>Its row, or null when it has ended or is another's.</returns>
    public Task<JobRow?> HoldAsync(JobRow job, JobQuality quality, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(
                QualitySql.Hold, new { id = job.Id, epoch = job.Epoch, verdict = quality.Verdict, profile = quality.Profile }, token)),
            cancellationToken);

    /// <summary>A job that nobody runs, now ours to be ended; or null.</summary>
    public Task<JobRow?> ClaimToEndAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(
            JobLeaseSql.ClaimToEnd, new { id, owner = instance.Id }, token)),
        cancellationToken);

    /// <summary>No attempt that runs now can commit any more.</summary>
    public Task FenceAsync(Guid id, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(JobLeaseSql.Fence, new { id }, token)), cancellationToken);

    public Task<IReadOnlyList<JobRow>> DeadReceivingAsync(Guid spool, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) => (IReadOnlyList<JobRow>)
                [.. await connection.QueryAsync<JobRow>(JobSql.Command(JobLeaseSql.DeadReceiving, new { spool }, token))],
            cancellationToken);
}
