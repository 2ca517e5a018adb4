using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Hosting;

namespace PipelineService.Jobs;

/// <summary>Removes exactly the rows that a finished job loaded, found by their lineage.</summary>
public sealed partial class JobReverter(
    Database database, DatasetCatalog datasets, LiveJobs liveJobs, TimeProvider time, ILogger<JobReverter> logger)
{
    /// <returns>
    /// How many rows were removed now (0 when the job was reverted before), or null when its rows carry no lineage.
    /// </returns>
    public async Task<long?> RevertAsync(JobRow job, CancellationToken cancellationToken)
    {
        DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken);
        if (!dataset.Definition.Load.Lineage)
        {
            return null;
        }

        if (job.RevertedAt is not null)
        {
            return 0;
        }

        // Not through the pipelines for requests: a large table is read through, and that takes what it takes.
        await using NpgsqlConnection connection = await database.OpenSessionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        long rows = await connection.ExecuteAsync(new CommandDefinition(
            $"DELETE FROM {dataset.Definition.Load.Table.Quoted} WHERE {Identifier.Quote(LineageColumns.Job)} = @id",
            new { id = job.Id }, transaction, commandTimeout: 0, cancellationToken: cancellationToken));
        int marked = await connection.ExecuteAsync(new CommandDefinition(
            JobSql.MarkReverted, new { id = job.Id, now = time.GetUtcNow().UtcDateTime, rows }, transaction,
            cancellationToken: cancellationToken));
        if (marked == 0)
        {
            return 0; // somebody else was first, and removed them all
        }

        await transaction.CommitAsync(cancellationToken);
        liveJobs.AnyChange.Set();
        Log.Reverted(logger, job.Id, rows);
        return rows;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} was reverted: {Rows} rows removed.")]
        public static partial void Reverted(ILogger logger, Guid jobId, long rows);
    }
}
