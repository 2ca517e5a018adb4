using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Jobs.Quality;
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
        await RegisterAsync(live, upload, lost);
        await LetGoAsync(live, upload, await leases.PostponeAsync(live.Current, pause, lost), lost);
    }

    /// <summary>
    /// Gives the job back to the queue until somebody decides whether its rows are loaded; they are loaded again then, from the spool, since
    /// no transaction is kept open for as long.
    /// </summary>
    public async Task HoldAsync(LiveJob live, SpoolReader upload, JobQuality quality, CancellationToken lost)
    {
        await RegisterAsync(live, upload, lost);
        FaultPoints.Reach(FaultPoint.JobHolding);
        JobRow? held = await leases.HoldAsync(live.Current, quality, lost);
        FaultPoints.Reach(FaultPoint.JobHeld);
        await LetGoAsync(live, upload, held, lost);
    }

    /// <summary>The row may not know yet that the upload is complete: without, nobody would claim it.</summary>
    private async Task RegisterAsync(LiveJob live, SpoolReader upload, CancellationToken lost)
    {
        if (live.Current.UploadId is null)
        {
            await store.RegisterPatientlyAsync(
                store.RowOf(upload.Manifest, live.Current.Spool, JobState.Running, isOurs: true),
                UploadEntry.Of(upload.Manifest),
                lost);
        }
    }

    private async Task LetGoAsync(LiveJob live, SpoolReader upload, JobRow? job, CancellationToken lost)
    {
        if (job is not null)
        {
            live.Change(_ => job);
        }
        else
        {
            await end.FinishIfFinalAsync(live, upload, lost);
        }
    }
}
