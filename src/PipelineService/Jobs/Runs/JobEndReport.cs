using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Jobs.Runs;

/// <summary>Tells of a job's end in the log and in the metrics, whoever has ended it.</summary>
public sealed partial class JobEndReport(JobStore store, PipelineMetrics metrics, ILogger<JobEndReport> logger)
{
    /// <summary>Of a job that was ended without being run here. It has ended, whether that can be told or not.</summary>
    public async Task TellAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            if (await store.FindAsync(id, cancellationToken) is { } job && job.JobState.IsFinal())
            {
                Tell(job, tally: null);
            }
        }
        catch (DatabaseUnavailableException)
        {
            // It is away since a moment ago: its row says what became of the job.
        }
    }

    /// <param name="job">Its final row.</param>
    /// <param name="tally">
    /// What its last attempt has made of records without being told that it was committed: of a job that was loaded it was; of
    /// others the rejects are kept.
    /// </param>
    public void Tell(JobRow job, RecordTally? tally)
    {
        using IDisposable? scope = logger.BeginJobScope(job.Dataset, job.Id); // also of one that nobody has run
        Problem? reason = job.JobState == JobState.Failed ? Faults.FromJson(job.Error!) : null;
        metrics.JobFinished(job.Dataset, job.State, reason?.Code, (job.FinishedAt - job.CreatedAt) ?? TimeSpan.Zero);
        if (tally is not null)
        {
            metrics.RecordsSettled(
                job.Dataset, job.Source, tally, isLoaded: job.JobState is JobState.Succeeded or JobState.PartiallySucceeded);
        }

        if (reason is null)
        {
            Log.Finished(logger, job.Id, job.State, job.RecordsRead, job.RecordsLoaded, job.RecordsRejected);
        }
        else
        {
            Log.Failed(
                logger, job.Id, job.Dataset, LogScopes.OneLine(job.Source ?? "an unnamed source"), reason.Code, LogScopes.OneLine(reason.Detail),
                job.RecordsRead, job.RecordsLoaded, job.RecordsRejected);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Job {JobId} {State}: {Read} records read, {Loaded} loaded, {Rejected} rejected.")]
        public static partial void Finished(ILogger logger, Guid jobId, string state, long read, long loaded, long rejected);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} of {Dataset} from {Source} failed, {Code}: {Reason} "
                + "{Read} records read, {Loaded} loaded, {Rejected} rejected.")]
        public static partial void Failed(
            ILogger logger, Guid jobId, string dataset, string source, string code, string reason,
            long read, long loaded, long rejected);
    }
}
