using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Runs;
using PipelineService.Write;

namespace PipelineService.Jobs.Requests;

/// <summary>Removes exactly the rows that a finished job loaded, found by their lineage.</summary>
public sealed partial class JobReverter(
    Database database, DatasetCatalog datasets, LiveJobs liveJobs, IOptions<WriteOptions> writeOptions, TimeProvider time,
    ILogger<JobReverter> logger)
{
    private static readonly TimeSpan OpenPatience = TimeSpan.FromSeconds(5);

    /// <returns>
    /// How many rows were removed now (0 when the job was reverted before), or why none can be.
    /// </returns>
    /// <exception cref="DatabaseUnavailableException">It did not come to its end; asking again is safe.</exception>
    public async Task<(long Rows, Problem? Problem)> RevertAsync(JobRow job, CancellationToken cancellationToken)
    {
        DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken);
        if (dataset.Definition.Load is { Lineage: false, Mode: LoadMode.Append })
        {
            return (0, JobProblems.NoLineage);
        }

        using IDisposable? scope = logger.BeginJobScope(job.Dataset, job.Id);
        using IDisposable? quiet = StatementSpans.Suppress(dataset.Definition.HasPersonalData);
        TableName table = dataset.Definition.Load.Table;
        try
        {
            using CancellationShield shield = new(cancellationToken);
            return await RemoveAsync(job, dataset.Definition, shield.Token);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return (0, JobProblems.TableIsHeld(table.ToString()));
        }
        catch (PostgresException e) when (!SqlFaults.MayPass(e))
        {
            return (0, JobProblems.RevertRefused(RefusalText.Statement(e, dataset.Definition.HasPersonalData)));
        }
        catch (Exception e) when (SqlFaults.MayPass(e) && e is not DatabaseUnavailableException)
        {
            await database.ReportFaultAsync(e);
            throw new DatabaseUnavailableException(
                "The revert was interrupted. It removed every row or none; ask again, a second revert is safe.", e);
        }
    }

    private async Task<(long Rows, Problem? Problem)> RemoveAsync(
        JobRow row, DatasetDefinition definition, CancellationToken cancellationToken)
    {
        (Guid job, TableName table) = (row.Id, definition.Load.Table);
        // Not through the pipelines for requests: a large table is read through, and that takes what it takes. Only locks
        // are not waited for without end.
        await using NpgsqlConnection connection = await OpenAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "SELECT set_config('lock_timeout', @lockTimeout, true), set_config('statement_timeout', '0', true)",
            new { lockTimeout = $"{(long)writeOptions.Value.LockTimeout.TotalMilliseconds}ms" }, transaction,
            cancellationToken: cancellationToken));
        WholeTableRevert whole = new(row.Dataset, definition, connection);
        if (definition.Load.Mode == LoadMode.Replace)
        {
            await whole.LockAsync(cancellationToken);
        }

        LandedRows? landed = await connection.QuerySingleOrDefaultAsync<LandedRows>(new CommandDefinition(
            JobEndSql.LockForRevert, new { id = job }, transaction, commandTimeout: 0, cancellationToken: cancellationToken));
        if (landed is null or { IsReverted: true })
        {
            return (0, null); // it was reverted before, perhaps just now
        }

        // By a statement of its own, which sees what the lock has waited for.
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            JobSql.IsBeingReplaced, new { id = job }, transaction, cancellationToken: cancellationToken)))
        {
            return (0, JobProblems.IsBeingReplaced(job));
        }

        (long rows, Problem? problem) =
            definition.Load.Mode == LoadMode.Replace && await whole.FindAsync(job, cancellationToken) is { } current
            ? await whole.RunAsync(job, current, cancellationToken)
            : definition.Load.Lineage ? (await RowsOfJob.DeleteAsync(connection, table, job, landed, cancellationToken), null)
            : (0, null);
        if (problem is not null)
        {
            return (0, problem);
        }

        await connection.ExecuteAsync(new CommandDefinition(
            JobEndSql.MarkReverted, new { id = job, now = time.GetDatabaseNow().UtcDateTime, rows }, transaction,
            cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        liveJobs.Tell(job);
        Log.Reverted(logger, job, rows);
        return (rows, null);
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(OpenPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return await database.OpenSessionAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DatabaseUnavailableException("The database cannot be reached, so nothing was removed.");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} was reverted: {Rows} rows removed.")]
        public static partial void Reverted(ILogger logger, Guid jobId, long rows);
    }
}
