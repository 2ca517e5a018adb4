using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;
using PipelineService.Write.Targets;

namespace PipelineService.Jobs.Runs;

/// <summary>Where the rows of a job go: where its dataset says, and in the place of another job's where it replaces one.</summary>
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
        return new ReplacementTarget(definition, new ReplacedJob(replaced, version.Definition.Load.Table), job.Id);
    }
}
