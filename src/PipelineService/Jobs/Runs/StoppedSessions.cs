using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Ends what stopped loads still have under way in the database: statements that wait there for a lock, or for another
/// transaction's key. The end of a COPY heeds no token.
/// </summary>
public sealed class StoppedSessions(JobLeases leases, TimeProvider time)
{
    /// <summary>How long a stopped load waits for the statements that are under way.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the work of a job's sessions; once it is to stop, only for a while.</summary>
    /// <param name="job">The job by which the sessions are named.</param>
    /// <param name="stopped">Cancelled when the work is to stop.</param>
    public async Task WhenDoneAsync(Task work, Guid job, CancellationToken stopped)
    {
        await Task.WhenAny(work, Task.Delay(Timeout.InfiniteTimeSpan, time, stopped));
        await Task.WhenAny(work, Task.Delay(Patience, time, CancellationToken.None));
        if (!work.IsCompleted)
        {
            await Task.WhenAny(work, leases.EndLeftoverSessionsAsync(WriteSession.SessionName(job), CancellationToken.None));
        }

        await work;
    }
}
