using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

public sealed class DiskThreadsTests
{
    /// <summary>
    /// A disk that answers none of a hundred flushes holds a few threads, and none of those that requests run on.
    /// </summary>
    [Fact]
    public async Task A_disk_that_does_not_answer_holds_few_threads_and_none_of_the_pool()
    {
        using ManualResetEventSlim answer = new();
        (int running, int most, int pooled) = (0, 0, 0);
        Task[] calls = [.. Enumerable.Range(0, 100).Select(_ => DiskThreads.RunAsync(() =>
        {
            int now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            Interlocked.Add(ref pooled, Thread.CurrentThread.IsThreadPoolThread ? 1 : 0);
            answer.Wait();
            Interlocked.Decrement(ref running);
        }))];
        await BoundedWait.UntilAsync(
            "the threads to be taken", () => Volatile.Read(ref running) == DiskThreads.CountMax);

        answer.Set();
        await Task.WhenAll(calls).Within("the disk's answers");

        Assert.Equal((DiskThreads.CountMax, 0), (most, pooled));
    }

    [Fact]
    public async Task An_error_of_the_disk_is_told_and_its_thread_is_free_again()
    {
        for (int i = 0; i < 2 * DiskThreads.CountMax; i++)
        {
            await Assert.ThrowsAsync<IOException>(() => DiskThreads.RunAsync(() => throw new IOException()))
                .Within("the error");
        }
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (int seen = Volatile.Read(ref most); now > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, now, seen);
        }
    }
}
