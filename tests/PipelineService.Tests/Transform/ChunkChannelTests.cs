using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Core.Transforms;
using PipelineService.Tests.Infrastructure;
using PipelineService.Transform;
using PipelineService.Write;

namespace PipelineService.Tests.Transform;

/// <summary>Which chunk comes next, and who waits for a place.</summary>
public sealed class ChunkChannelTests
{
    private readonly ChunkBufferPool _pool = new(16);
    private readonly ChunkChannel _channel;

    public ChunkChannelTests() => _channel = new ChunkChannel(
        Options.Create(new TransformOptions { ChannelCapacity = 4 }), _pool, party => new Share(party == "heavy" ? 2 : 1));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>All of a big job's chunks are in front, and half of them are with workers already.</summary>
    [Fact]
    public async Task A_chunk_of_somebody_else_comes_before_all_that_a_big_job_has_waiting()
    {
        await WriteAsync("big", 1, 2, 3);
        using Chunk first = (await _channel.ReadAsync())!;
        await WriteAsync("small", 1);

        Assert.Equal(["small 1", "big 2", "big 3"], [await TakeAsync(), await TakeAsync(), await TakeAsync()]);
    }

    [Fact]
    public async Task The_bytes_with_workers_count_for_the_weight_of_a_party()
    {
        await WriteAsync("heavy", 1, 2);
        await WriteAsync("light", 1, 2);
        List<Chunk> taken = [];
        List<string> order = [];
        for (int i = 0; i < 4; i++)
        {
            taken.Add((await _channel.ReadAsync())!);
            order.Add(NameOf(taken[^1]));
        }

        Assert.Equal(["heavy 1", "light 1", "heavy 2", "light 2"], order);
        taken.ForEach(chunk => chunk.Dispose());
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public async Task One_that_is_too_many_waits_for_a_place_and_can_be_taken_back()
    {
        await WriteAsync("a", 1, 2, 3, 4);
        using CancellationTokenSource cancel = new();
        Task waits = SendAsync("a", 5, Token);
        Task givesUp = SendAsync("a", 6, cancel.Token);
        Assert.Equal((false, false, 4), (waits.IsCompleted, givesUp.IsCompleted, _channel.Depth));

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givesUp);
        Assert.False(waits.IsCompleted);
        Assert.Equal("a 1", await TakeAsync());
        await waits.Within("the place");

        Assert.Equal(["a 2", "a 3", "a 4", "a 5"], [await TakeAsync(), await TakeAsync(), await TakeAsync(), await TakeAsync()]);
    }

    [Fact]
    public async Task Whoever_has_all_places_of_their_own_leaves_those_of_others_free()
    {
        await WriteAsync("a", 1, 2, 3, 4);
        Task waits = SendAsync("a", 5, Token);

        await WriteAsync("b", 1);

        Assert.Equal((false, "a 1", "b 1"), (waits.IsCompleted, await TakeAsync(), await TakeAsync()));
        await waits.Within("the place");
    }

    /// <summary>One that waits for its place when the end comes is still taken.</summary>
    [Fact]
    public async Task After_the_end_what_is_there_is_taken_and_nothing_is_added()
    {
        await WriteAsync("a", 1, 2, 3, 4);
        Task waits = SendAsync("a", 5, Token);
        _channel.Complete();

        await Assert.ThrowsAsync<System.Threading.Channels.ChannelClosedException>(() => SendAsync("b", 1, Token));
        Assert.Equal("a 1", await TakeAsync());
        await waits.Within("the place");
        Assert.Equal(["a 2", "a 3", "a 4", "a 5"], [await TakeAsync(), await TakeAsync(), await TakeAsync(), await TakeAsync()]);
        Assert.Null(await _channel.ReadAsync());
        Assert.Null(await _channel.ReadAsync());
        Assert.Equal(0, _pool.Rented);
    }

    /// <summary>The end of a document has none, and may be with a worker for longer than all that came before it.</summary>
    [Fact]
    public async Task A_chunk_without_bytes_is_given_back_like_any_other()
    {
        await SendAsync("a", 1, Token);
        await SendAsync("a", 2, Token, bytes: 0);
        Chunk first = (await _channel.ReadAsync())!;
        Chunk empty = (await _channel.ReadAsync())!;

        first.Dispose();
        empty.Dispose();

        Assert.Equal(0, _pool.Rented);
        await WriteAsync("a", 3);
        Assert.Equal("a 3", await TakeAsync());
    }

    private async Task WriteAsync(string party, params int[] numbers)
    {
        foreach (int number in numbers)
        {
            await SendAsync(party, number, Token);
        }
    }

    private async Task SendAsync(string party, int number, CancellationToken cancellationToken, int bytes = 16)
    {
        JobLoad load = ChunkReading.LoadOf(transform: null, party);
        ChunkExtent extent = new() { StartOffset = number, EndOffset = number + 1, Position = new ChunkPosition(1, 1), Records = 1, Lines = 1 };
        await _channel.FeedOf(load).SendAsync(extent, _pool.Rent(16), bytes, cancellationToken);
    }

    private async Task<string> TakeAsync()
    {
        using Chunk chunk = (await _channel.ReadAsync())!;
        return NameOf(chunk);
    }

    private static string NameOf(Chunk chunk) => $"{chunk.Load.Plan.Party} {chunk.Extent.StartOffset}";
}
