using PipelineService.Core.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Intake;

/// <summary>
/// An upload on its way in, and its job as far as there is one. Disposing ends its stay here: it leaves nothing unless it was
/// taken.
/// </summary>
internal sealed class ArrivingUpload : IAsyncDisposable
{
    private static readonly TimeSpan TakeBackPatience = TimeSpan.FromSeconds(10);

    private readonly LiveJobs _liveJobs;
    private readonly UploadRelease _releases;
    private readonly TimeProvider _time;

    public ArrivingUpload(LiveJob live, SpoolWriter writer, LiveJobs liveJobs, UploadRelease releases, TimeProvider time)
    {
        (Live, Writer, _liveJobs, _releases, _time) = (live, writer, liveJobs, releases, time);
        live.Follow(writer.Growth);
        liveJobs.Add(live);
    }

    public LiveJob Live { get; }

    public SpoolWriter Writer { get; }

    /// <summary>Whether it is durable and its sender will be told so.</summary>
    public bool IsTaken { get; set; }

    /// <summary>When the last of its bytes was there; a time stamp.</summary>
    public long SealingSince { get; set; }

    public async ValueTask DisposeAsync()
    {
        if (!IsTaken)
        {
            await RefuseAsync();
        }
        else if (Live.Run.IsCompleted)
        {
            // It waits in the queue, or has ended already: cancelled while its last bytes came, its run knew no file to remove.
            if (Live.Current.JobState.IsFinal())
            {
                await _releases.ReleaseAsync(Live.Current);
            }

            _liveJobs.Remove(Live);
        }

        try
        {
            await Writer.DisposeAsync();
        }
        finally
        {
            if (!IsTaken)
            {
                _liveJobs.Remove(Live); // not before its files are gone: recovery would find them, and nobody's, and register them
            }
        }
    }

    /// <summary>Leaves nothing: whoever loads the upload is told to roll back, and its bytes go with the last user.</summary>
    private async Task RefuseAsync()
    {
        Writer.Abandon();
        try
        {
            await Live.Run.WaitAsync(TakeBackPatience, _time);
        }
        catch (TimeoutException)
        {
            // The database is away: the run removes what is left when it is back.
        }

        if (Writer.Growth.IsSealed)
        {
            await _releases.DiscardAsync(Writer.Id);
        }
    }
}
