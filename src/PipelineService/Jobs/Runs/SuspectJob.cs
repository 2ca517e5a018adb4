using Microsoft.Extensions.Options;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// The last attempt of a job that has ended its process before. It begins in a moment in which nothing else runs here: should
/// the process end again, no neighbour is harmed or blamed. It holds nobody up meanwhile, and when there is no such moment for
/// a while it begins beside the others, but never beside another suspect.
/// </summary>
public sealed partial class SuspectJob(
    JobQueue queue, SessionBudget budget, IOptions<JobsOptions> options, TimeProvider time, ILogger<SuspectJob> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private Task _run = Task.CompletedTask;
    private long? _lastLook;

    /// <summary>Since when one waits; 0 when none is known to.</summary>
    private long _since;

    /// <summary>Whether the next attempt of a job is its last, and other attempts have ended their process.</summary>
    public bool Is(JobRow job) => job.Attempt == options.Value.AttemptsMax && job.Attempt > 1;

    /// <summary>Whether one may begin now.</summary>
    /// <param name="living">Instances that have not died.</param>
    public async Task<bool> MayBeginAsync(Guid spool, Guid[] living, CancellationToken cancellationToken)
    {
        if (!_run.IsCompleted)
        {
            return false;
        }

        if (budget.Used == 0)
        {
            return true;
        }

        if (_since == 0 && (_lastLook is not { } last || time.GetElapsedTime(last) > options.Value.PollInterval))
        {
            long now = time.GetTimestamp();
            _lastLook = now;
            if (await queue.HasSuspectAsync(spool, living, cancellationToken))
            {
                _since = now;
                Log.Waits(logger, options.Value.AttemptsMax - 1);
            }
        }

        return _since != 0 && time.GetElapsedTime(_since) > Patience;
    }

    /// <summary>What came of a claim that might have given one.</summary>
    /// <param name="run">The run of the suspect that was claimed, or null when there was none.</param>
    public void Looked(Task? run)
    {
        _run = run ?? _run;
        _since = 0;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "A job has ended its process {Attempts} times; its last attempt begins when nothing else runs here, or after a while.")]
        public static partial void Waits(ILogger logger, int attempts);
    }
}
