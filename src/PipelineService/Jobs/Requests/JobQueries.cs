using Microsoft.Extensions.Options;
using PipelineService.Access;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Jobs.Requests;

/// <summary>
/// Answers what clients ask of jobs: from this instance's memory when it runs the job, else from the database, else (in an
/// outage) from the spool.
/// </summary>
public sealed class JobQueries(
    JobStore store, LiveJobs liveJobs, JobWatch watch, ISpool spool, IOptions<JobsOptions> options, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);

    /// <summary>A job that the caller may know of: what calls ask.</summary>
    public async Task<JobRow?> FindAsync(Guid id, Caller caller, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) is { } job && IsSeen(job, caller) ? job : null;

    /// <param name="id">As the path of the request has it; what is no id names no job.</param>
    /// <inheritdoc cref="FindAsync(Guid, Caller, CancellationToken)"/>
    public Task<JobRow?> FindAsync(string id, Caller caller, CancellationToken cancellationToken) =>
        Guid.TryParseExact(id, "D", out Guid job) ? FindAsync(job, caller, cancellationToken) : Task.FromResult<JobRow?>(null);

    /// <summary>Waits as <see cref="WaitAsync(Guid, Func{JobRow, bool}, TimeSpan, CancellationToken)"/> does, for a job of the caller's.</summary>
    public async Task<JobRow?> WaitAsync(
        Guid id, Caller caller, Func<JobRow, bool> condition, TimeSpan wait, CancellationToken cancellationToken) =>
        await WaitAsync(id, job => !IsSeen(job, caller) || condition(job), wait, cancellationToken) is { } job && IsSeen(job, caller)
            ? job
            : null;

    /// <summary>A job, whosever it is: for the service's own work on one that its caller may know of.</summary>
    internal Task<JobRow?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        liveJobs.Find(id)?.Current is { } live && !live.JobState.IsFinal()
            ? Task.FromResult<JobRow?>(live)
            : FindAsync(id, store.FindAsync(id, cancellationToken)); // of a job that has ended the row alone goes on

    /// <param name="found">What the database says.</param>
    private async Task<JobRow?> FindAsync(Guid id, Task<JobRow?> found)
    {
        try
        {
            JobRow? row = await found;
            return row is null ? await FindInSpoolAsync(id, waitingFor: null)
                : row.DeletedAt is null ? WithOutage(row)
                : null;
        }
        catch (DatabaseUnavailableException)
        {
            return await FindInSpoolAsync(id, "database") ?? throw new DatabaseUnavailableException(
                "The job is not known here, and the database cannot be asked.");
        }
    }

    /// <summary>Jobs as the database has them, with this instance's newer counts.</summary>
    public async Task<JobRows> ListAsync(JobFilter filter, CancellationToken cancellationToken)
    {
        JobRows page = await store.ListAsync(filter, cancellationToken);
        return page with { Rows = [.. page.Rows.Select(row => liveJobs.Find(row.Id)?.Current ?? WithOutage(row))] };
    }

    private static bool IsSeen(JobRow job, Caller caller) => caller.Sees(job.Dataset, job.Tenant, job.Source);

    /// <summary>How long a client that is willing to wait is made to wait at most.</summary>
    public TimeSpan Granted(TimeSpan wait) => TimeSpan.FromTicks(Math.Clamp(wait.Ticks, 0, options.Value.WaitMax.Ticks));

    /// <summary>
    /// Waits until a condition on the job holds, or the time is up, and returns the job as it is then.
    /// </summary>
    /// <param name="wait">As far as it is <see cref="Granted"/>; none when it is over already.</param>
    internal async Task<JobRow?> WaitAsync(
        Guid id, Func<JobRow, bool> condition, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var end = Task.Delay(Granted(wait), time, over.Token);
        try
        {
            Task<JobRow?>? look = null;
            while (true)
            {
                LiveJob? live = liveJobs.Find(id);
                Task change = live?.NextChange ?? liveJobs.NextChange(id);
                JobRow? row = live?.Current ?? await FindAsync(
                    id, look is { IsCompleted: true } ? look : store.FindAsync(id, cancellationToken));
                if (row is null || condition(row) || end.IsCompleted)
                {
                    return row;
                }

                // Counts of a job that runs here move without a signal; of one that runs elsewhere the database alone knows.
                look = live is null ? watch.NextAsync(id) : null;
                await Task.WhenAny(change, end, look ?? Task.Delay(LookAgain, time, over.Token));
                cancellationToken.ThrowIfCancellationRequested();
                look = change.IsCompleted ? null : look; // what it saw may be older than the change
            }
        }
        finally
        {
            await over.CancelAsync();
        }
    }

    /// <summary>Nobody claims the jobs of a spool that is not there, so their rows cannot say what they wait for.</summary>
    private JobRow WithOutage(JobRow row) => row is { JobState: JobState.Queued, WaitingFor: null }
        && row.Spool == spool.Id && !spool.WasThere
            ? row with { WaitingFor = "spool" }
            : row;

    /// <summary>A job whose upload waits there; null also when that cannot be read, or only by a newer version.</summary>
    private async Task<JobRow?> FindInSpoolAsync(Guid id, string? waitingFor)
    {
        try
        {
            return await spool.FindAsync(id, CancellationToken.None) is { } manifest
                ? store.RowOf(manifest, spool.Id, JobState.Queued, isOurs: false) with { WaitingFor = waitingFor }
                : null;
        }
        catch (Exception e) when (e is SpoolDamagedException or SpoolNewerException or SpoolUnavailableException)
        {
            return null;
        }
    }
}
