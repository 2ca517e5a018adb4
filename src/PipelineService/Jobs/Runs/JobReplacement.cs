using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Lets a job take another's place. The rows of the one are removed in the transaction that loads those of the other and ends both, so
/// that whoever reads sees the old ones or the new ones, never neither, never both; and whatever ends the attempt leaves the old ones.
/// </summary>
public sealed class JobReplacement(Database database, JobStore store, DatasetCatalog datasets, TimeProvider time)
{
    /// <summary>Removes the rows of the job that is replaced, as the first thing in the load's only session.</summary>
    /// <param name="load">Of the job that replaces it.</param>
    /// <param name="replaced">The job that is replaced.</param>
    /// <returns>What ends that job, to be run before the commit.</returns>
    /// <exception cref="JobFaultException">The rows cannot be removed.</exception>
    public async Task<NpgsqlBatchCommand> BeginAsync(JobLoad load, Guid replaced, CancellationToken cancellationToken)
    {
        if (await store.FindPatientlyAsync(replaced, cancellationToken) is not { RevertedAt: null } old)
        {
            throw new JobFaultException(JobProblems.NoLongerReplaceable(replaced));
        }

        DatasetVersion dataset = await datasets.GetVersionAsync(old.Dataset, old.DatasetVersion, cancellationToken);
        WriteSession session = await load.Sessions.TakeAsync(cancellationToken);
        try
        {
            using CancellationShield shield = new(cancellationToken);
            await session.BeginAsync(database, shield.Token);
            FaultPoints.Reach(FaultPoint.ReplacedRowsRemoving);
            long rows = await RemoveAsync(session, dataset.Definition.Load.Table, replaced, shield.Token);
            FaultPoints.Reach(FaultPoint.ReplacedRowsRemoved);
            return EndOf(replaced, load.Plan.JobId, rows);
        }
        finally
        {
            load.Sessions.Return(session);
        }
    }

    private static async Task<long> RemoveAsync(WriteSession session, TableName table, Guid job, CancellationToken cancellationToken)
    {
        try
        {
            return await session.RemoveAsync(JobRows.Remove(table, job), cancellationToken);
        }
        catch (PostgresException e) when (!SqlFaults.MayPass(e))
        {
            throw new JobFaultException(JobProblems.RevertRefused(e.MessageText, e.SqlState));
        }
    }

    private NpgsqlBatchCommand EndOf(Guid replaced, Guid replacement, long rows) => new(JobEndSql.EndReplacement)
    {
        Parameters =
        {
            new() { Value = replaced },
            new() { Value = replacement },
            new() { Value = rows },
            new() { Value = time.GetDatabaseNow().UtcDateTime },
        },
    };
}
