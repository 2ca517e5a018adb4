using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Renews the lease of a running job and writes its progress. A lease that is lost ends the attempt; an outage does not:
/// the epoch fences whatever this instance could still do.
/// </summary>
public sealed partial class JobHeartbeat(
    JobStore store, JobLeases leases, Instance instance, IOptions<JobsOptions> options, TimeProvider time, ILogger<JobHeartbeat> logger)
{
    private readonly TimeSpan _interval =
        TimeSpan.FromTicks(Math.Min(options.Value.ProgressInterval.Ticks, options.Value.LeaseTime.Ticks / 3));

    /// <summary>Beats until the token is cancelled. Never throws.</summary>
    /// <param name="live">The job; its row is registered.</param>
    /// <param name="lost">Cancelled when the lease is lost.</param>
    public async Task RunAsync(LiveJob live, CancellationTokenSource lost, CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await BeatAsync(live, lost, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The job has ended.
        }
    }

    private async Task BeatAsync(LiveJob live, CancellationTokenSource lost, CancellationToken cancellationToken)
    {
        try
        {
            JobRow current = live.Current;
            bool? cancel;
            using (PipelineTracing.Untraced()) // a span a second would bury those of the job
            {
                cancel = await leases.HeartbeatAsync(current, cancellationToken);
            }

            if (cancel == true)
            {
                await live.CancelAsync();
            }
            else if (cancel is null && live.Current.Epoch == current.Epoch && await IsAnothersAsync(live.Id, cancellationToken))
            {
                Log.LeaseLost(logger, live.Id);
                await lost.CancelAsync();
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it is: without a lease the job would be taken from a run that goes on.
            Log.NotWritten(logger, live.Id, e.Message);
        }
    }

    /// <summary>
    /// No row was renewed: another instance has the job, or this one has just committed its end, begun its next attempt or given
    /// it back, and has not had the answer yet.
    /// </summary>
    private async Task<bool> IsAnothersAsync(Guid id, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is not { } row
        || (!row.JobState.IsFinal() && row.Owner is { } owner && owner != instance.Id);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} has been taken over by another instance.")]
        public static partial void LeaseLost(ILogger logger, Guid jobId);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The progress of job {JobId} could not be written: {Reason}")]
        public static partial void NotWritten(ILogger logger, Guid jobId, string reason);
    }
}
