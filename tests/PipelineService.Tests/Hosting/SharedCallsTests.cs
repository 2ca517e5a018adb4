using PipelineService.Hosting;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting;

public sealed class SharedCallsTests
{
    private readonly List<int[]> _calls = [];
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task What_comes_during_a_call_goes_together_in_the_next()
    {
        SharedCalls<string, int, int> shared = new(CallAsync, itemsMax: 3);

        Task<int>[] all = await BeginAsync(shared, 6);
        _held.SetResult();

        Assert.Equal("10 20 30 40 50 60", string.Join(' ', await Task.WhenAll(all).Within("all items to be served")));
        Assert.Equal("1/2 3 4/5 6", string.Join('/', _calls.Select(items => string.Join(' ', items))));
    }

    [Fact]
    public async Task Another_key_waits_for_nobody()
    {
        SharedCalls<string, int, int> shared = new(CallAsync, itemsMax: 10);

        Task<int>[] held = await BeginAsync(shared, 1);

        Assert.Equal(20, await shared.AddAsync("free", 2).Within("the other key"));
        Assert.False(held[0].IsCompleted);
        _held.SetResult();
        Assert.Equal(10, await held[0].Within("the held key"));
    }

    [Fact]
    public async Task A_failure_is_told_to_those_who_shared_the_call_and_to_no_others()
    {
        SharedCalls<string, int, int> shared = new(
            (key, items) => items.Contains(2) ? throw new InvalidOperationException("no") : CallAsync(key, items), itemsMax: 2);

        Task<int>[] all = await BeginAsync(shared, 4);
        _held.SetResult();

        Assert.Equal(10, await all[0].Within("the first"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => all[1].Within("the second"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => all[2].Within("the third"));
        Assert.Equal(40, await all[3].Within("the fourth"));
        Assert.Equal(50, await shared.AddAsync("key", 5).Within("one that comes later"));
    }

    /// <summary>The first item's call is under way and held when the others come.</summary>
    private async Task<Task<int>[]> BeginAsync(SharedCalls<string, int, int> shared, int items)
    {
        Task<int> first = shared.AddAsync("key", 1);
        await _begun.Task.Within("the first call");
        return [first, .. Enumerable.Range(2, items - 1).Select(item => shared.AddAsync("key", item))];
    }

    private async Task<IReadOnlyList<int>> CallAsync(string key, IReadOnlyList<int> items)
    {
        _calls.Add([.. items]);
        _begun.TrySetResult();
        await (key == "key" ? _held.Task : Task.CompletedTask);
        return [.. items.Select(item => item * 10)];
    }
}
