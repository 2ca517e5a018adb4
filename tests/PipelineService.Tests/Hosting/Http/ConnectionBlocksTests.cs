using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>The memory that connections read into: whole blocks, given to one at a time, and no more of them kept than said.</summary>
public sealed class ConnectionBlocksTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task The_server_reads_into_them()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(database.ConnectionString);

        Assert.IsType<ConnectionBlocks.Factory>(service.Services.GetRequiredService<IMemoryPoolFactory<byte>>());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(ConnectionBlocks.BlockBytes)]
    public void A_block_is_whole_whatever_is_asked_for(int bytes)
    {
        using ConnectionBlocks blocks = new();
        using IMemoryOwner<byte> block = blocks.Rent(bytes);

        Assert.Equal(ConnectionBlocks.BlockBytes, block.Memory.Length);
    }

    [Fact]
    public void More_than_a_block_is_not_to_be_had()
    {
        using ConnectionBlocks blocks = new();

        Assert.Throws<ArgumentOutOfRangeException>(() => blocks.Rent(ConnectionBlocks.BlockBytes + 1));
        Assert.Equal(ConnectionBlocks.BlockBytes, blocks.MaxBufferSize);
    }

    [Fact]
    public void A_block_that_is_let_go_twice_is_given_to_one()
    {
        using ConnectionBlocks blocks = new();
        IMemoryOwner<byte> block = blocks.Rent();
        block.Dispose();
        block.Dispose();

        IMemoryOwner<byte> first = blocks.Rent();
        IMemoryOwner<byte> second = blocks.Rent();

        Assert.True(IsSame(block, first));
        Assert.False(IsSame(first, second));
    }

    [Fact]
    public void No_more_free_blocks_are_kept_than_said()
    {
        using ConnectionBlocks blocks = new();
        IMemoryOwner<byte>[] many = [.. Enumerable.Range(0, ConnectionBlocks.FreeMax + 5).Select(_ => blocks.Rent())];
        Array.ForEach(many, block => block.Dispose());

        IMemoryOwner<byte>[] again = [.. many.Select(_ => blocks.Rent())];

        Assert.Equal(ConnectionBlocks.FreeMax, again.Count(block => many.Any(known => IsSame(known, block))));
    }

    private static bool IsSame(IMemoryOwner<byte> one, IMemoryOwner<byte> other) =>
        Unsafe.AreSame(ref MemoryMarshal.GetReference(one.Memory.Span), ref MemoryMarshal.GetReference(other.Memory.Span));
}
