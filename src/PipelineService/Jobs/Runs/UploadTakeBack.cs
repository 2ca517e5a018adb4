using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Removes what a broken upload has left: rows that were committed while it arrived (by their lineage), its checkpoints,
/// dead letters and its job row. An upload that was refused leaves nothing.
/// </summary>
public sealed partial class UploadTakeBack(
    Database database, JobLeases leases, JobEndings endings, DatasetCatalog datasets, LiveJobs liveJobs, ILogger<UploadTakeBack> logger)
{
    public async Task RunAsync(JobRow job, CancellationToken cancellationToken)
    {
        using IDisposable? scope = logger.BeginJobScope(job.Dataset, job.Id);
        DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken);
        FaultPoints.Reach(FaultPoint.TakingBack);
        await leases.FenceAsync(job.Id, cancellationToken);

        // An instance that hangs holds the job's row with what it has not committed.
        await leases.EndLeftoverSessionsAsync(WriteSession.SessionName(job.Id), cancellationToken);
        long rows = 0;
        if (dataset.Definition.Load is { Commit: CommitPolicy.Chunk, Lineage: true } load)
        {
            rows = await database.RunPatientlyAsync(
                (connection, token) => DeleteRowsAsync(connection, load.Table, job.Id, token),
                cancellationToken);
        }

        FaultPoints.Reach(FaultPoint.RowsTakenBack);
        await endings.RemoveAsync(job.Id, cancellationToken);
        FaultPoints.Reach(FaultPoint.TakenBack);
        liveJobs.Tell(job.Id);
        Log.TakenBack(logger, job.Id, rows);
    }

    private static async Task<long> DeleteRowsAsync(
        NpgsqlConnection connection, TableName table, Guid job, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand command = new(
            $"DELETE FROM {table.Quoted} WHERE {Identifier.Quote(LineageColumns.Job)} = $1", connection)
        {
            CommandTimeout = 0, // a large table without an index on the lineage is read through
            Parameters = { new() { Value = job } },
        };
        try
        {
            long rows = await command.ExecuteNonQueryAsync(cancellationToken);
            await ViewRows.RemoveJobAsync(connection, table, job, rows, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return rows;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return 0; // dropped meanwhile, and the rows with it
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "The upload of job {JobId} broke off; {Rows} rows of it that had landed were removed.")]
        public static partial void TakenBack(ILogger logger, Guid jobId, long rows);
    }
}
