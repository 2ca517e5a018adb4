using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>
/// Answers what clients ask of jobs: from this instance's memory when it runs the job, else from the database, else (in an
/// outage) from the spool.
/// </summary>
public sealed class JobQueries(
    JobStore store, LiveJobs liveJobs, SpoolDirectory spool, IOptions<JobsOptions> options, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);

    public async Task<JobRow?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        if (liveJobs.Find(id) is { } live)
        {
            return live.Current;
        }

        try
        {
            JobRow? row = await store.FindAsync(id, cancellationToken);
            return row is null ? FindInSpool(id, waitingFor: null) : WithOutage(row);
        }
        catch (DatabaseUnavailableException)
        {
            return FindInSpool(id, "database") ?? throw new DatabaseUnavailableException(
                "The job is not known here, and the database cannot be asked.");
        }
    }

    /// <summary>Jobs as the database has them, with this instance's newer counts.</summary>
    public async Task<IReadOnlyList<JobRow>> ListAsync(JobFilter filter, CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(filter, cancellationToken)).Select(row => liveJobs.Find(row.Id)?.Current ?? WithOutage(row))];

    /// <summary>
    /// Waits until a condition on the job holds, or the time is up, and returns the job as it is then.
    /// </summary>
    /// <param name="wait">At most <c>Jobs:WaitMax</c> of it is granted.</param>
    public async Task<JobRow?> WaitAsync(
        Guid id, Func<JobRow, bool> condition, TimeSpan wait, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        TimeSpan granted = wait < options.Value.WaitMax ? wait : options.Value.WaitMax;
        while (true)
        {
            LiveJob? live = liveJobs.Find(id);
            Task change = live?.NextChange ?? liveJobs.AnyChange.Next;
            JobRow? row = await FindAsync(id, cancellationToken);
            TimeSpan left = granted - time.GetElapsedTime(start);
            if (row is null || condition(row) || left <= TimeSpan.Zero)
            {
                return row;
            }

            // Counts move without a signal, and other instances give none.
            TimeSpan pause = left < LookAgain ? left : LookAgain;
            await Task.WhenAny(change, Task.Delay(pause, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Nobody claims the jobs of a spool that is not there, so their rows cannot say what they wait for.</summary>
    private JobRow WithOutage(JobRow row) => row is { JobState: JobState.Queued, WaitingFor: null }
        && row.Spool == spool.Id && !spool.WasThere
            ? row with { WaitingFor = "spool" }
            : row;

    private JobRow? FindInSpool(Guid id, string? waitingFor) => spool.FindManifestIfReadable(id) is { } manifest
        ? store.RowOf(manifest, spool.Id, JobState.Queued, isOurs: false) with { WaitingFor = waitingFor }
        : null;
}
