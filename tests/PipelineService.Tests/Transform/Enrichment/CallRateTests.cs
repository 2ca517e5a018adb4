using System.Threading.RateLimiting;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Tests.Infrastructure;
using PipelineService.Transform.Enrichment;

namespace PipelineService.Tests.Transform.Enrichment;

/// <summary>How many calls are let go, in a time that is moved by hand.</summary>
public sealed class CallRateTests
{
    private const int PerSecond = 5;

    /// <summary>
    /// Calls of random length: whenever within it each arrives, never do more than so many within a second. At both ends of a call the
    /// service may count it.
    /// </summary>
    [Fact]
    public async Task No_second_has_more_calls_than_it_may_however_long_they_take()
    {
        int seed = Random.Shared.Next();
        Random random = new(seed);
        FakeTimeProvider time = new();
        using CallRate rate = new(PerSecond, time);
        List<(long Start, long End)> calls = [];
        Task<int> all = Task.Run(async () =>
        {
            await Task.WhenAll(Enumerable.Range(0, 60).Select(async _ =>
            {
                TimeSpan length;
                lock (random)
                {
                    length = TimeSpan.FromMilliseconds(random.Next(0, 600));
                }

                using RateLimitLease lease = await rate.AcquireAsync(1, TestContext.Current.CancellationToken);
                long start = time.GetUtcNow().Ticks;
                await Task.Delay(length, time, TestContext.Current.CancellationToken);
                lock (calls)
                {
                    calls.Add((start, time.GetUtcNow().Ticks));
                }
            }));
            return 0;
        });
        await time.AdvanceUntilAsync(all, TimeSpan.FromMilliseconds(50));

        foreach (Func<(long Start, long End), long> arrival in (Func<(long Start, long End), long>[])[call => call.Start, call => call.End])
        {
            long[] arrivals = [.. calls.Select(arrival).Order()];
            for (int i = PerSecond; i < arrivals.Length; i++)
            {
                Assert.True(arrivals[i] - arrivals[i - PerSecond] >= TimeSpan.TicksPerSecond, $"seed {seed}: {PerSecond + 1} calls within a second");
            }
        }

        Assert.Equal(60, calls.Count);
    }

    [Fact]
    public async Task Who_gives_up_takes_nobodys_turn()
    {
        FakeTimeProvider time = new();
        using CallRate rate = new(1, time);
        RateLimitLease first = await rate.AcquireAsync(1, TestContext.Current.CancellationToken);
        using CancellationTokenSource tired = new();
        var second = rate.AcquireAsync(1, tired.Token).AsTask();
        var third = rate.AcquireAsync(1, TestContext.Current.CancellationToken).AsTask();
        await tired.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(third.IsCompleted);

        first.Dispose();
        using RateLimitLease lease = await time.AdvanceUntilAsync(third, TimeSpan.FromMilliseconds(250));

        Assert.True(lease.IsAcquired);
        Assert.Equal(0, rate.GetStatistics()!.CurrentAvailablePermits);
    }
}
