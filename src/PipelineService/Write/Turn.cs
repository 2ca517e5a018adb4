namespace PipelineService.Write;

/// <summary>A place among the chunks in flight of a load. Where order matters one chunk is written after the other.</summary>
/// <param name="before">Completes when it may be written.</param>
public sealed class Turn(Task before)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when its chunk may be written: at once, or after the chunk before it.</summary>
    public Task Comes => before;

    /// <summary>Completes when its chunk is done with.</summary>
    public Task Ended => _ended.Task;

    internal void End() => _ended.TrySetResult();
}
