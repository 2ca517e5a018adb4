using CsCheck;
using PipelineService.Spool;

namespace PipelineService.Tests.Spool;

public sealed class GrowthSignalTests
{
    [Fact]
    public void Completes_at_the_next_change_only()
    {
        GrowthSignal signal = new();
        signal.Set();
        Task next = signal.Next;
        Assert.False(next.IsCompleted);
        Assert.Same(next, signal.Next);

        signal.Set();

        Assert.True(next.IsCompleted);
        Assert.False(signal.Next.IsCompleted);
    }

    /// <summary>A waiter that takes the signal before it looks sees every end: a miss would leave it waiting for ever.</summary>
    [Fact]
    public Task Misses_nothing_however_the_threads_meet() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 200]).SampleAsync(
            async (waiters, changes) =>
            {
                GrowthSignal signal = new();
                int state = 0;
                Task[] waiting = [.. Enumerable.Range(0, waiters).Select(_ => Task.Run(async () =>
                {
                    while (true)
                    {
                        Task next = signal.Next;
                        if (Volatile.Read(ref state) == changes)
                        {
                            return;
                        }

                        await next;
                    }
                }))];
                for (int i = 0; i < changes; i++)
                {
                    Interlocked.Increment(ref state);
                    signal.Set();
                }

                await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30));
            },
            iter: 300);
}
