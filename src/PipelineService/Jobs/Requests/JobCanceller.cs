using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs.Requests;

/// <summary>Ends jobs on a client's wish, in whatever state and wherever they are.</summary>
public sealed class JobCanceller(
    JobStore store, JobEndings endings, LiveJobs liveJobs, JobQueries jobs, UploadRelease uploads, JobEndReport report, AuditWriter audit,
    TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Asks for the job's end and waits for it a while. A job may change hands or state meanwhile: then it is asked again,
    /// in the way that fits.
    /// </summary>
    /// <returns>
    /// The job as it is afterwards: cancelled; or about to be, because that is written down; or final or committing, when it
    /// was too late; null when there is none, or nothing of it is left.
    /// </returns>
    /// <exception cref="DatabaseUnavailableException">The wish could not be written down; the job goes on.</exception>
    public async Task<JobRow?> CancelAsync(Guid id, AuditActor actor, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        AuditEntry? entry = null; // one, however often it is asked again
        while (true)
        {
            JobRow? job = await jobs.FindAsync(id, cancellationToken);
            if (job is null || IsTooLate(job))
            {
                return job;
            }

            entry ??= AuditEntry.Of(
                actor, AuditActions.JobCancel, time.GetDatabaseNow(), $"job/{id}", job.Dataset, ("state", job.State));
            bool isAsked = await AskAsync(job, entry, cancellationToken);
            if (!isAsked && await store.FindAsync(id, cancellationToken) is { } row && IsTooLate(row))
            {
                return row; // a run here learns that it is committing only when it has committed
            }

            // A job in the queue may be on its way there, still known to its receiver: then the next round finds it at rest.
            TimeSpan left = Patience - time.GetElapsedTime(start);
            TimeSpan pause = (isAsked && job.JobState != JobState.Queued) || left < LookAgain ? left : LookAgain;
            JobRow? after = await jobs.WaitAsync(id, row => row.State != job.State, pause, cancellationToken);
            if (time.GetElapsedTime(start) < Patience)
            {
                continue;
            }

            return isAsked || after is null || IsTooLate(after)
                ? after
                : throw new DatabaseUnavailableException("The job is still to be registered, so it could not be cancelled. Ask again.");
        }
    }

    private static bool IsTooLate(JobRow job) => job.JobState.IsFinal() || job.JobState == JobState.Committing;

    /// <returns>Whether the job has ended, or whoever has it knows and cannot forget.</returns>
    private async Task<bool> AskAsync(JobRow job, AuditEntry entry, CancellationToken cancellationToken)
    {
        LiveJob? live = liveJobs.Find(job.Id);
        try
        {
            if (live is not null && job.JobState == JobState.Receiving)
            {
                // Nothing is durable yet, so nothing but who did it has to be written: should the process die, the upload dies with it.
                await audit.WriteAloneAsync([entry], cancellationToken);
                await live.CancelAsync();
                return true;
            }

            if (live is null && await endings.CancelWaitingAsync(job.Id, entry, cancellationToken))
            {
                await uploads.ReleaseAsync(job.Id, cancellationToken);
                liveJobs.Tell(job.Id);
                await report.TellAsync(job.Id, cancellationToken);
                return true;
            }

            // Written down first: a run that was told and died before it could write would be forgotten, and the job go on.
            if (!await endings.RequestCancelAsync(job.Id, entry, cancellationToken))
            {
                return false;
            }
        }
        catch (DatabaseUnavailableException e)
        {
            throw new DatabaseUnavailableException(
                "The cancel could not be written down, so the job goes on. Ask again when the database is back.", e)
            {
                RetryAfter = e.RetryAfter,
            };
        }

        if (live is not null)
        {
            await live.CancelAsync();
        }

        return true;
    }
}
