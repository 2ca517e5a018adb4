using PipelineService.Access;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Requests;

/// <summary>
/// Whether a job can be replaced. Looked at before anything is done for that; what changes meanwhile is met when the
/// replacement is registered (<see cref="JobSql.BeginReplacement"/>).
/// </summary>
public sealed class ReplacementCheck(JobStore store, DatasetCatalog datasets)
{
    /// <param name="id">The job that is to be replaced.</param>
    /// <param name="dataset">Whose data is to take its place; null: its own.</param>
    /// <param name="caller">Who asks; of what they may not know there is nothing.</param>
    /// <returns>The job, or why it cannot be replaced.</returns>
    /// <exception cref="DatabaseUnavailableException">That cannot be told now.</exception>
    public async Task<(JobRow? Job, Problem? Problem)> FindAsync(
        Guid id, string? dataset, Caller caller, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(id, cancellationToken) is not { DeletedAt: null } job
            || !caller.Sees(job.Dataset, job.Tenant, job.Source))
        {
            return (null, JobProblems.NotFound(id.ToString()));
        }

        if (dataset is not null && job.Dataset != dataset)
        {
            return (null, JobProblems.IsOfAnotherDataset(id, job.Dataset));
        }

        if (!job.JobState.IsFinal())
        {
            return (null, JobProblems.IsNotFinal(job.JobState));
        }

        if (job is { RevertedAt: not null, Superseded: false })
        {
            return (null, JobProblems.IsReverted(id));
        }

        DatasetVersion version = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken);
        if (version.Definition.Load is { Lineage: false, Mode: LoadMode.Append })
        {
            return (null, JobProblems.NoLineage);
        }

        return job is { ReplacedBy: not null, Superseded: false } && await store.IsBeingReplacedAsync(id, cancellationToken)
            ? (null, JobProblems.IsBeingReplaced(id))
            : (job, null);
    }
}
