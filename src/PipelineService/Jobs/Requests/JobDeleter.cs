using PipelineService.Access.Audit;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs.Requests;

/// <summary>Takes a job that has ended out of everybody's sight, and has what is left of it cleared away.</summary>
public sealed partial class JobDeleter(
    JobEndings endings, LiveJobs liveJobs, JobCleaner cleaner, UploadCleaner uploads, ILogger<JobDeleter> logger)
{
    /// <returns>False when somebody else was faster.</returns>
    public async Task<bool> DeleteAsync(JobRow job, AuditActor actor, CancellationToken cancellationToken)
    {
        using IDisposable? scope = logger.BeginJobScope(job.Dataset, job.Id);
        if (!await endings.DeleteAsync(job, actor, cancellationToken))
        {
            return false;
        }

        if (liveJobs.Find(job.Id) is { } live)
        {
            liveJobs.Remove(live); // it has only just ended
        }

        cleaner.Wake();
        uploads.Wake();
        Log.Deleted(logger, job.Id, job.RecordsRejected);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Job {JobId} was deleted, and its {DeadLetters} dead letters are erased.")]
        public static partial void Deleted(ILogger logger, Guid jobId, long deadLetters);
    }
}
