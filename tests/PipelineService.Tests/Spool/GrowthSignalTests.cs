using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

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

    /// <summary>A waiter that takes the signal before it looks sees every change: a miss would leave it waiting for ever.</summary>
    [Fact]
    public void Misses_no_waiter_however_it_meets_a_change()
    {
        const int Changes = 1_000;
        GrowthSignal signal = new();
        (int state, int seen) = (0, 0);
        bool isEnded = false;

        ThreadRace.Run(
            rounds: 5_000,
            prepare: () => (signal, state, isEnded) = (new GrowthSignal(), 0, false),
            one: () =>
            {
                for (int i = 0; i < Changes; i++)
                {
                    Interlocked.Increment(ref state);
                    signal.Set();
                }

                Volatile.Write(ref isEnded, true);
            },
            other: () =>
            {
                Task next;
                do
                {
                    next = signal.Next;
                    seen = Volatile.Read(ref state);
                }
                while (seen < Changes && IsCompleted(next));
            },
            check: () => Assert.Equal(Changes, seen));

        // Once the last change was told, nothing that was not completed will ever be.
        bool IsCompleted(Task next)
        {
            SpinWait spin = default;
            while (!next.IsCompleted && !Volatile.Read(ref isEnded))
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }

            return next.IsCompleted;
        }
    }

    [Fact]
    public void Misses_no_waiter_however_it_meets_another()
    {
        GrowthSignal signal = new();
        (Task one, Task other) = (Task.CompletedTask, Task.CompletedTask);

        ThreadRace.Run(
            rounds: 50_000,
            prepare: () => signal = new GrowthSignal(),
            one: () => one = signal.Next,
            other: () => other = signal.Next,
            check: () =>
            {
                signal.Set();
                Assert.True(one.IsCompleted && other.IsCompleted);
            });
    }
}
