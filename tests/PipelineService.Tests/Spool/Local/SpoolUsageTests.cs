using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

/// <summary>What the quota counts is what the files hold, whatever uploads come to.</summary>
public sealed class SpoolUsageTests : IDisposable
{
    private readonly SpoolFolder _spool = new(options => options.SharedBytesMax = 0);

    [Fact]
    public async Task Counts_what_another_instance_has_taken_in_and_removed()
    {
        SpoolDirectory other = _spool.Open();
        await using SpoolWriter first = await _spool.SealedAsync(new byte[10]);
        await using SpoolWriter second = await _spool.SealedAsync(new byte[30]);
        Assert.Equal(0, other.Bytes);

        await _spool.SpoolOf(other).DeleteAsync(first.Id); // its job ran there
        _spool.Directory.Sweep(DateTimeOffset.MinValue);
        other.Sweep(DateTimeOffset.MinValue);

        Assert.Equal((30, 30), (_spool.Directory.Bytes, other.Bytes));
    }

    [Fact]
    public void A_count_that_was_overtaken_is_not_taken_over()
    {
        SpoolUsage usage = new(quotaBytes: 1000);
        Guid stored = Guid.CreateVersion7(), removed = Guid.CreateVersion7(), arriving = Guid.CreateVersion7();
        usage.Recount(_ => (Left: 100, Removed: 0));

        usage.Recount(isInHand =>
        {
            usage.Take(arriving, 0);
            usage.Reserve(7);
            Assert.True(isInHand(arriving));
            Assert.False(isInHand(stored));
            usage.Take(removed, 60);
            usage.Drop(removed, 60);
            return (Left: 95, Removed: 5); // had seen the one that went
        });

        Assert.Equal(100 - 60 - 5 + 7, usage.Bytes);
        usage.Return(7);
        usage.Drop(arriving, 0);
        Assert.Equal(35, usage.Bytes);
    }

    [Fact]
    public async Task Bytes_beyond_the_quota_are_refused_and_not_counted()
    {
        SpoolUsage usage = new(quotaBytes: 100);
        int taken = 0;
        await Parallel.ForAsync(0, 40, TestContext.Current.CancellationToken, (_, _) =>
        {
            try
            {
                usage.Reserve(9);
                Interlocked.Increment(ref taken);
            }
            catch (SpoolFullException)
            {
            }

            return ValueTask.CompletedTask;
        });

        Assert.Equal((11, 99), (taken, usage.Bytes));
    }

    [Fact]
    public void What_is_made_of_uploads_may_take_as_much_again()
    {
        SpoolUsage usage = new(quotaBytes: 100);
        usage.Reserve(100);

        usage.ReserveMade(100);

        Assert.Throws<SpoolFullException>(() => usage.ReserveMade(1));
        Assert.Throws<SpoolFullException>(() => usage.Reserve(1));
        new SpoolUsage(long.MaxValue).ReserveMade(1);
    }

    /// <summary>Uploads of two instances come, break off, are set aside and go, while both sweep all the time.</summary>
    [Fact]
    public async Task Is_exact_when_uploads_come_and_go_while_the_files_are_counted()
    {
        SpoolDirectory[] instances = [_spool.Directory, _spool.Open()];
        using CancellationTokenSource over = new();
        Task[] sweeps = [.. instances.Select(spool => Task.Run(() =>
        {
            while (!over.IsCancellationRequested)
            {
                spool.Sweep(DateTimeOffset.MinValue);
            }
        }))];

        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            LocalSpool spool = _spool.SpoolOf(instances[worker % 2]);
            for (int i = 0; i < 12; i++)
            {
                await using SpoolWriter upload = spool.Create(Guid.CreateVersion7());
                await upload.AppendAsync(new byte[100 + i]);
                if (i % 4 == 0)
                {
                    continue; // broken off
                }

                await upload.SealAsync();
                if (i % 4 == 1)
                {
                    await spool.DeleteAsync(upload.Id);
                }
                else if (i % 4 == 2)
                {
                    await spool.SetAsideAsync(upload.Id, TimeProvider.System.GetUtcNow());
                }
            }
        })));
        await over.CancelAsync();
        await Task.WhenAll(sweeps);

        long held = Directory.EnumerateFiles(_spool.Path, "*.data*").Sum(path => new FileInfo(path).Length);
        Assert.Equal(4 * (102 + 106 + 110 + 103 + 107 + 111), held);
        foreach (SpoolDirectory spool in instances)
        {
            spool.Sweep(DateTimeOffset.MinValue);
            Assert.Equal(held, spool.Bytes);
        }
    }

    public void Dispose() => _spool.Dispose();
}
