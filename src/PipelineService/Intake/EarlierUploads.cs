using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Intake;

/// <summary>
/// Finds the job that was made under an idempotency key before: in the database, and in the spool where that cannot tell.
/// </summary>
public sealed class EarlierUploads(JobStore store, SpoolRecovery recovery, ISpool spool)
{
    public async Task<JobRow?> FindAsync(DatasetVersion dataset, string key, CancellationToken cancellationToken)
    {
        try
        {
            bool knowsAll = recovery.IsComplete; // before the look: what is registered meanwhile is then seen here or there
            JobRow? job = await store.FindByKeyAsync(dataset.Name, dataset.Version, key, cancellationToken);
            return job is null && !knowsAll ? await FindInSpoolAsync(dataset.Name, key, cancellationToken) : job;
        }
        catch (DatabaseUnavailableException)
        {
            return await FindInSpoolAsync(dataset.Name, key, cancellationToken);
        }
    }

    /// <summary>What the spool holds is known without the database.</summary>
    private async Task<JobRow?> FindInSpoolAsync(string dataset, string key, CancellationToken cancellationToken) =>
        await spool.FindByKeyAsync(dataset, key, cancellationToken) is { } manifest
            ? store.RowOf(manifest, spool.Id, JobState.Queued, isOurs: false) with { WaitingFor = "database" }
            : null;
}
