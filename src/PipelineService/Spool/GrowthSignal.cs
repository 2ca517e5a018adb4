namespace PipelineService.Spool;

/// <summary>Tells waiters that something has changed since they took <see cref="Next"/>. Never misses, never queues.</summary>
public sealed class GrowthSignal
{
    private TaskCompletionSource? _next;

    /// <summary>Completes at the next <see cref="Set"/>. Take it before looking at the state, then wait for it.</summary>
    public Task Next
    {
        get
        {
            TaskCompletionSource? next = Volatile.Read(ref _next);
            if (next is null)
            {
                TaskCompletionSource fresh = new(TaskCreationOptions.RunContinuationsAsynchronously);
                next = Interlocked.CompareExchange(ref _next, fresh, null) ?? fresh;
            }

            return next.Task;
        }
    }

    public void Set() => Interlocked.Exchange(ref _next, null)?.TrySetResult();
}
