using PipelineService.Core.Jobs;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool;
using PipelineService.Spool.Conversion;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Removes what was made of uploads for jobs that have ended, or are gone: where the process died between the end and that. Several
/// instances may be at it: removing twice changes nothing.
/// </summary>
public sealed partial class ConversionCleaner(
    JobStore store, UploadConversions conversions, ISpool spool, LiveJobs live, DatabaseReadiness readiness, TimeProvider time,
    ILogger<ConversionCleaner> logger)
    : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        using PeriodicTimer timer = new(Interval, time);
        do
        {
            try
            {
                await CleanAsync(stoppingToken);
            }
            catch (Exception e) when (SpoolUnavailableException.IsFault(e) || SqlFaults.MayPass(e))
            {
                Log.NotCleaned(logger, e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    internal async Task CleanAsync(CancellationToken cancellationToken)
    {
        spool.ThrowUnlessThere();
        Guid[] jobs = [.. conversions.Jobs().Where(job => live.Find(job) is null)];
        if (jobs.Length == 0)
        {
            return;
        }

        Dictionary<Guid, JobState> states = await store.StatesOfAsync(jobs, cancellationToken);
        foreach (Guid job in jobs.Where(job => !states.TryGetValue(job, out JobState state) || state.IsFinal()))
        {
            conversions.Discard(job);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "What was made of uploads whose jobs have ended could not be removed; it is tried again: {Reason}")]
        public static partial void NotCleaned(ILogger logger, string reason);
    }
}
