using PipelineService.Hosting.Postgres;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Postgres;

/// <summary>
/// The driver may throw when a statement is cancelled at the moment at which its connection breaks. The torture found a job
/// that kept its upload, its sessions and its place in memory because of that.
/// </summary>
public sealed class CancellationShieldTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static readonly Action Throw = () => throw new ObjectDisposedException(typeof(ManualResetEventSlim).FullName);

    [Fact]
    public async Task Whoever_cancels_does_not_get_what_the_driver_throws()
    {
        using CancellationTokenSource outer = new();
        using CancellationShield shield = new(outer.Token);
        shield.Token.Register(Throw);

        await outer.CancelAsync();

        Assert.True(shield.Token.IsCancellationRequested);
    }

    [Fact]
    public void Is_cancelled_from_the_start_when_the_outer_one_was() =>
        Assert.True(new CancellationShield(new CancellationToken(canceled: true)).Token.IsCancellationRequested);

    [Fact]
    public async Task Work_in_the_database_ends_cancelled_and_its_caller_goes_on()
    {
        using CancellationTokenSource stop = new();
        TaskCompletionSource isWorking = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<int> work = database.Database.RunPatientlyAsync<int>(
            async (_, token) =>
            {
                token.Register(Throw);
                isWorking.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
                return 0;
            },
            stop.Token);
        await isWorking.Task.Within("the work to begin");

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
    }
}
