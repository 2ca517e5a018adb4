using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>Lets uploads go that nothing needs any more.</summary>
public sealed partial class UploadRelease(ISpool spool, SpoolRecovery recovery, ILogger<UploadRelease> logger)
{
    /// <summary>
    /// Removes an upload whose job has ended, or was refused. A spool that does not let go of it changes nothing about that: recovery
    /// removes it.
    /// </summary>
    public async Task ReleaseAsync(Guid upload)
    {
        try
        {
            await spool.DeleteAsync(upload);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            Log.NotReleased(logger, upload, e.Message);
            recovery.LookAgain();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The upload of job {JobId} is still in the spool: {Reason}")]
        public static partial void NotReleased(ILogger logger, Guid jobId, string reason);
    }
}
