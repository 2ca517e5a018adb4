using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;
using PipelineService.Write.Targets;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Where the rows of a job go: where its dataset says, and in the place of another job's where it replaces one.
/// </summary>
public sealed class JobTargets(RowTargets targets, JobStore store, DatasetCatalog datasets)
{
    /// <param name="definition">Of the version of the dataset that the job is loaded under.</param>
    /// <exception cref="JobFaultException">The job that it is to replace cannot be replaced any more.</exception>
    /// <exception cref="DatabaseUnavailableException">That cannot be told now.</exception>
    public async Task<RowTarget> OfAsync(JobRow job, DatasetDefinition definition, CancellationToken cancellationToken)
    {
        if (job.Replaces is not { } replaced)
        {
            return targets.Of(definition);
        }

        if (await store.FindPatientlyAsync(replaced, cancellationToken) is not { RevertedAt: null } old)
        {
            throw new JobFaultException(JobProblems.NoLongerReplaceable(replaced));
        }

        DatasetVersion version = await datasets.GetVersionAsync(old.Dataset, old.DatasetVersion, cancellationToken);
        DatasetDefinition loaded = version.Definition;
        return new ReplacementTarget(
            definition,
            new ReplacedJob(
                replaced,
                loaded.HasPersonalData,
                (connection, token) => RemoveAsync(connection, loaded.Load.Table, replaced, token)),
            job.Id);
    }

    /// <summary>Nobody else reverts it meanwhile, so its row need not be locked.</summary>
    private static async Task<long> RemoveAsync(
        NpgsqlConnection connection, TableName table, Guid job, CancellationToken cancellationToken)
    {
        LandedRows landed = await connection.QuerySingleAsync<LandedRows>(
            JobSql.Command(JobEndSql.FindLanded, new { id = job }, cancellationToken));
        return await RowsOfJob.DeleteAsync(connection, table, job, landed, cancellationToken);
    }
}
