using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Spool;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// How a job waits for its next attempt, without sessions: in the queue, or here while its upload still arrives.
/// </summary>
public sealed class JobWaits(JobStore store, JobLeases leases, JobEnd end, IOptions<JobsOptions> options, TimeProvider time)
{
    /// <summary>Waits until a table has rested and has sessions for an upload that still arrives.</summary>
    /// <returns>False when the upload has arrived or broken off before that.</returns>
    public async Task<bool> HasSessionsAgainAsync(
        SpoolReader upload, SessionReservation reservation, TimeSpan pause, CancellationToken lost)
    {
        var paused = Task.Delay(pause, time, lost);
        while (true)
        {
            Task change = upload.NextChange;
            if (upload.IsSealed || upload.IsAbandoned)
            {
                return false;
            }

            if (paused.IsCompleted)
            {
                lost.ThrowIfCancellationRequested();
                if (reservation.TryTakeAgain())
                {
                    return true;
                }

                paused = Task.Delay(options.Value.PollInterval, time, lost);
            }

            await Task.WhenAny(change, paused);
        }
    }

    /// <summary>Gives the job back to the queue, unless it has ended after all: an answer may have been lost.</summary>
    public async Task PostponeAsync(LiveJob live, SpoolReader upload, TimeSpan pause, CancellationToken lost)
    {
        // The row may not know yet that the upload is complete: without, nobody would claim it.
        if (live.Current.UploadId is null)
        {
            await store.RegisterPatientlyAsync(
                store.RowOf(upload.Manifest, live.Current.Spool, JobState.Running, isOurs: true),
                UploadEntry.Of(upload.Manifest),
                lost);
        }

        if (await leases.PostponeAsync(live.Current, pause, lost) is { } job)
        {
            live.Change(_ => job);
        }
        else
        {
            await end.FinishIfFinalAsync(live, upload, lost);
        }
    }
}
