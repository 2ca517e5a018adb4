using System.Text;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Access.Limits;

namespace PipelineService.Tests.Access.Limits;

/// <summary>What is left of a limit, without a service and in a time that stands still.</summary>
public sealed class QuotaTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_bucket_gives_a_minutes_worth_at_once_and_comes_back_evenly()
    {
        TokenBucket bucket = new(600, _time);
        Assert.True(bucket.TryTake(600, 600, out _));
        Assert.False(bucket.TryTake(1, 1, out int wait));
        Assert.Equal((1, (0L, 60)), (wait, bucket.Remaining));

        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(bucket.TryTake(1, 1, out _));
        Assert.False(bucket.TryTake(300, 300, out wait));
        Assert.Equal(30, wait);
        _time.Advance(TimeSpan.FromSeconds(wait));
        Assert.True(bucket.TryTake(300, 300, out _));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((600L, 0), bucket.Remaining);
        Assert.True(bucket.IsFull);
    }

    /// <summary>More than there ever is cannot be had; of a body that was partly taken the wait is for all of it.</summary>
    [Fact]
    public void A_bucket_tells_how_long_all_of_a_body_has_to_wait()
    {
        TokenBucket bucket = new(6_000, _time);
        Assert.True(bucket.TryTake(5_000, 5_000, out _));

        Assert.False(bucket.TryTake(2_000, 5_000, out int wait));
        Assert.Equal(40, wait);
        Assert.False(bucket.TryTake(7_000, 7_000, out wait));
        Assert.Equal(50, wait);
    }

    [Fact]
    public void A_quota_follows_its_limits_and_keeps_what_was_taken_of_those_that_stay()
    {
        Quota quota = new(QuotaHolder.Key, _time);
        quota.Heed(new CallLimits(10, 2_048, 1));
        Assert.True(quota.Requests!.TryTake(4, 4, out _));
        Assert.Equal("\"key-requests\";q=10;w=60, \"key-bytes\";q=2048;w=60;qu=\"content-bytes\", \"key-uploads\";q=1;qu=\"concurrent-requests\"", quota.Policy);
        Assert.Equal("\"key-requests\";r=6;t=24, \"key-bytes\";r=2048;t=0, \"key-uploads\";r=1", Left(quota));

        Assert.True(quota.TryBeginUpload());
        Assert.False(quota.TryBeginUpload());
        quota.Heed(new CallLimits(10, null, 2));
        Assert.Equal("\"key-requests\";r=6;t=24, \"key-uploads\";r=1", Left(quota));
        Assert.True(quota.TryBeginUpload());
        quota.EndUpload();
        quota.EndUpload();
        Assert.False(quota.IsIdle);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(quota.IsIdle);
    }

    /// <summary>However many come, and whatever they are called: those that are as new go, and beyond a bound newcomers share one.</summary>
    [Fact]
    public void There_is_a_bounded_number_of_quotas()
    {
        Quotas quotas = new(_time);
        CallLimits limits = new(RequestsPerMinute: 1);
        Assert.Null(quotas.Of(QuotaKey.OfTenant("none"), CallLimits.None));
        for (int i = 0; i < 5_000; i++)
        {
            Quota quota = quotas.Of(QuotaKey.OfDataset($"d{i}"), limits)!;
            Assert.Same(quota, quotas.Of(QuotaKey.OfDataset($"d{i}"), limits));
        }

        Assert.InRange(quotas.Count, 1, 1_001);
        for (int i = 0; i < Quotas.CountMax + 10; i++)
        {
            Assert.True(quotas.Of(QuotaKey.OfTenant($"t{i}"), limits)!.Requests!.TryTake(1, 1, out _) || i >= Quotas.CountMax - 1_001);
        }

        Assert.InRange(quotas.Count, Quotas.CountMax - 1_001, Quotas.CountMax);
        Assert.Same(quotas.Of(QuotaKey.OfTenant("late"), limits), quotas.Of(QuotaKey.OfTenant("later"), limits));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotSame(quotas.Of(QuotaKey.OfTenant("late"), limits), quotas.Of(QuotaKey.OfTenant("later"), limits));
        Assert.InRange(quotas.Count, 1, 1_000);
    }

    private static string Left(Quota quota)
    {
        StringBuilder text = new();
        quota.Tell(text);
        return text.ToString();
    }
}
