namespace PipelineService.Jobs.Runs;

/// <summary>Since when no job has got on here: no chunk has landed, and none has ended.</summary>
public sealed class JobFlow(TimeProvider time)
{
    private long _last = time.GetTimestamp();

    public TimeSpan Still => time.GetElapsedTime(Volatile.Read(ref _last));

    public void Move() => Volatile.Write(ref _last, time.GetTimestamp());
}
