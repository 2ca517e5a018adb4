using PipelineService.Core.Jobs;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>Ends jobs on a client's wish, in whatever state and wherever they are.</summary>
public sealed class JobCanceller(JobStore store, LiveJobs liveJobs, JobQueries jobs, SpoolDirectory spool)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>
    /// The job as it is afterwards: cancelled, about to be (another instance runs it), or final or committing, when it was
    /// too late; null when there is none.
    /// </returns>
    public async Task<JobRow?> CancelAsync(Guid id, CancellationToken cancellationToken)
    {
        JobRow? job = await jobs.FindAsync(id, cancellationToken);
        if (job is null || job.JobState.IsFinal() || job.JobState == JobState.Committing)
        {
            return job;
        }

        if (liveJobs.Find(id) is { } live)
        {
            await live.CancelAsync(); // its receiver and its run end it
        }
        else if (await store.ClaimToEndAsync(id, cancellationToken) is { } ours)
        {
            await store.EndAsync(id, ours.Epoch, JobState.Cancelled, error: null, ours.UploadColumns, CancellationToken.None);
            spool.Delete(id);
            liveJobs.AnyChange.Set();
        }
        else
        {
            await store.RequestCancelAsync(id, cancellationToken); // its owner reads that with its next heartbeat
        }

        return await jobs.WaitAsync(id, row => row.JobState.IsFinal(), Patience, cancellationToken);
    }
}
