using Microsoft.Extensions.Time.Testing;

namespace PipelineService.Tests.Infrastructure;

/// <summary>What tests do with a clock that stands still until they move it.</summary>
internal static class FakeTimes
{
    /// <summary>
    /// Moves the clock in steps until the task has ended. Between steps the code under test gets a moment of real time to set its
    /// next timer.
    /// </summary>
    public static async Task<T> AdvanceUntilAsync<T>(this FakeTimeProvider time, Task<T> task, TimeSpan step)
    {
        while (!task.IsCompleted)
        {
            time.Advance(step);
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None));
        }

        return await task;
    }
}

/// <summary>Such a clock that counts the timers which were made: whoever made one waits.</summary>
internal sealed class CountingTime : FakeTimeProvider
{
    private int _timersMade;

    public int TimersMade => Volatile.Read(ref _timersMade);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        Interlocked.Increment(ref _timersMade);
        return timer;
    }
}
