using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Datasets.Lookups;
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
        ReplacedJob? replaced = job.Replaces is { } id ? await FindReplacedAsync(id, cancellationToken) : null;
        return definition.Load.Mode == LoadMode.Replace
            ? new WholeTableTarget(definition, new RowsOwner(job.Dataset, job.DatasetVersion, job.Id), replaced)
            : replaced is not null ? new ReplacementTarget(definition, replaced, job.Id)
            : targets.Of(definition);
    }

    private async Task<ReplacedJob> FindReplacedAsync(Guid replaced, CancellationToken cancellationToken)
    {
        if (await store.FindPatientlyAsync(replaced, cancellationToken) is not { } old
            || old is { RevertedAt: not null, Superseded: false })
        {
            throw new JobFaultException(JobProblems.NoLongerReplaceable(replaced));
        }

        DatasetVersion version = await datasets.GetVersionAsync(old.Dataset, old.DatasetVersion, cancellationToken);
        DatasetDefinition loaded = version.Definition;
        return new ReplacedJob(
            replaced,
            loaded.HasPersonalData,
            (connection, token) => old.Superseded || !loaded.Load.Lineage
                ? Task.FromResult(0L) // its rows have gone with all others, or go with them
                : RemoveAsync(connection, loaded.Load.Table, replaced, token));
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
