using Dapper;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Quality;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs;

/// <summary>How jobs come to an end that is no success: cancelled, failed, or as if they had never been.</summary>
public sealed class JobEndings(Database database, TimeProvider time)
{
    /// <summary>Asks whoever runs the job to cancel it.</summary>
    /// <param name="entry">What the audit is told with it, once however often it is asked.</param>
    /// <returns>False when that is not possible any more, or the job has no row yet.</returns>
    public Task<bool> RequestCancelAsync(Guid id, AuditEntry entry, CancellationToken cancellationToken) =>
        ChangeAsync(JobEndSql.RequestCancel, new { id }, entry, cancellationToken);

    /// <summary>Ends a job that nobody runs, before anybody can take it up.</summary>
    /// <returns>False when somebody runs it, or it has ended.</returns>
    public Task<bool> CancelWaitingAsync(Guid id, AuditEntry entry, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            // One transaction: with a process that died between the two the wish would be lost.
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            if (await connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(JobEndSql.FenceToCancel, new { id }, token)) is not { } row)
            {
                return false;
            }

            await connection.ExecuteAsync(EndCommand(id, row.Epoch, JobState.Cancelled, error: null, row.UploadColumns, token));
            await AuditWriter.WriteAsync(connection, [entry], token);
            await transaction.CommitAsync(token);
            return true;
        },
        cancellationToken);

    /// <summary>Ends a job that is held, because somebody, or the time, has decided against it.</summary>
    /// <returns>False when it is not held any more.</returns>
    public Task<bool> RejectAsync(
        Guid id, DecisionView decision, string error, AuditEntry entry, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            if (await connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(
                QualitySql.FenceToReject, new { id, decision = decision.ToJson() }, token)) is not { } row)
            {
                return false;
            }

            FaultPoints.Reach(FaultPoint.DecisionWriting);
            await connection.ExecuteAsync(EndCommand(id, row.Epoch, JobState.Failed, error, row.UploadColumns, token));
            await AuditWriter.WriteAsync(connection, [entry], token);
            await transaction.CommitAsync(token);
            FaultPoints.Reach(FaultPoint.DecisionWritten);
            return true;
        },
        cancellationToken);

    /// <summary>
    /// Ends a job that failed or was cancelled. Nothing happens when it is final or no longer ours. Whatever its texts hold, the
    /// end is written: a job whose end cannot be would be tried for ever.
    /// </summary>
    /// <param name="quality">Of a job that ends for what its rows are like.</param>
    public async Task EndAsync(
        Guid id, long epoch, JobState state, string? error, string[]? columns, CancellationToken cancellationToken,
        JobQuality? quality = null)
    {
        try
        {
            await WriteEndAsync(id, epoch, state, error, columns, quality, cancellationToken);
        }
        catch (PostgresException e) when (!SqlFaults.MayPass(e))
        {
            string? plain = error is null ? null : Faults.ToJson(Faults.Unwritable(e));
            await WriteEndAsync(id, epoch, state, plain, columns: null, quality: null, cancellationToken);
        }
    }

    private Task<int> WriteEndAsync(
        Guid id, long epoch, JobState state, string? error, string[]? columns, JobQuality? quality, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) =>
            {
                FaultPoints.Reach(FaultPoint.JobEnding);
                int rows = await connection.ExecuteAsync(EndCommand(id, epoch, state, error, columns, token, quality));
                FaultPoints.Reach(FaultPoint.JobEnded);
                return rows;
            },
            cancellationToken);

    /// <summary>Takes a final job out of sight.</summary>
    /// <returns>False when there is none, or it is not final.</returns>
    public Task<bool> DeleteAsync(JobRow job, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        var entry = AuditEntry.Of(
            actor, AuditActions.JobDelete, now, $"job/{job.Id}", job.Dataset, ("state", job.State), ("rejected", job.RecordsRejected));
        return ChangeAsync(JobEndSql.Delete, new { id = job.Id, now = now.UtcDateTime }, entry, cancellationToken);
    }

    /// <summary>A change of one row, with its entry in the audit.</summary>
    /// <returns>False when there was nothing to change, and so nothing to tell.</returns>
    private Task<bool> ChangeAsync(
        string sql, object values, AuditEntry entry, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            if (await connection.ExecuteAsync(JobSql.Command(sql, values, token)) == 0)
            {
                return false;
            }

            await AuditWriter.WriteAsync(connection, [entry], token);
            await transaction.CommitAsync(token);
            return true;
        },
        cancellationToken);

    public Task RemoveAsync(Guid id, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(JobEndSql.Remove, new { id }, token)), cancellationToken);

    private CommandDefinition EndCommand(
        Guid id, long epoch, JobState state, string? error, string[]? columns, CancellationToken cancellationToken,
        JobQuality? quality = null) => JobSql.Command(
            JobEndSql.End,
            new
            {
                id,
                epoch,
                state = state.ToText(),
                error,
                columns,
                now = time.GetDatabaseNow().UtcDateTime,
                verdict = quality?.Verdict,
                profile = quality?.Profile,
            },
            cancellationToken);
}
