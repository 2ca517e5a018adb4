using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Lets uploads go whose jobs have ended, or that were refused. A spool that does not let go of one changes nothing about that:
/// recovery does it again.
/// </summary>
public sealed partial class UploadRelease(
    EndedUploads uploads, ISpool spool, SpoolRecovery recovery, ILogger<UploadRelease> logger)
{
    /// <inheritdoc cref="EndedUploads.ReleaseAsync(JobRow)" path="/param"/>
    public Task ReleaseAsync(JobRow ended) => DoOrTellAsync(ended.Id, () => uploads.ReleaseAsync(ended));

    /// <inheritdoc cref="EndedUploads.ReleaseAsync(Guid, CancellationToken)"/>
    public Task ReleaseAsync(Guid endedJob, CancellationToken cancellationToken) =>
        DoOrTellAsync(endedJob, () => uploads.ReleaseAsync(endedJob, cancellationToken));

    /// <summary>An upload that was refused: no job needs it.</summary>
    public Task DiscardAsync(Guid upload) => DoOrTellAsync(upload, () => spool.DeleteAsync(upload).AsTask());

    private async Task DoOrTellAsync(Guid job, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            Log.NotReleased(logger, job, e.Message);
            recovery.LookAgain();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The upload of job {JobId} is still among those that wait in the spool: {Reason}")]
        public static partial void NotReleased(ILogger logger, Guid jobId, string reason);
    }
}
