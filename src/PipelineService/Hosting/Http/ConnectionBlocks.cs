using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace PipelineService.Hosting.Http;

/// <summary>
/// The memory that connections read into. The server's own comes in blocks of 4 KiB, and a block is what one call to the kernel can fill:
/// an upload that comes at 100 MB/s would need some 50,000 calls a second, and most of them would wake somebody up for 2 kB.
/// </summary>
/// <remarks>A connection that waits for its client holds no block: the server asks for one when bytes have come.</remarks>
internal sealed class ConnectionBlocks : MemoryPool<byte>
{
    /// <summary>What one call to the kernel receives at most.</summary>
    internal const int BlockBytes = 16 << 10;

    /// <summary>Free blocks that are kept for the next connection; the garbage collector has the others.</summary>
    internal const int FreeMax = 256;

    private readonly ConcurrentQueue<Block> _free = [];
    private int _freeCount;

    public override int MaxBufferSize => BlockBytes;

    /// <inheritdoc/>
    /// <param name="minBufferSize">Bytes that are needed at least, up to <see cref="BlockBytes"/>; whatever it is, the block is whole.</param>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (_free.TryDequeue(out Block? block))
        {
            Interlocked.Decrement(ref _freeCount);
        }
        else
        {
            block = new Block(this);
        }

        block.IsRented = true;
        return block;
    }

    protected override void Dispose(bool disposing) => _free.Clear();

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref _freeCount) <= FreeMax)
        {
            _free.Enqueue(block);
        }
        else
        {
            Interlocked.Decrement(ref _freeCount);
        }
    }

    /// <summary>Makes the pools of the server's listeners.</summary>
    internal sealed class Factory : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new ConnectionBlocks();
    }

    /// <summary>
    /// Memory like any other. What is pinned for its life is collected with the oldest generation alone, and a burst of 200 uploads would
    /// leave 100 MB of it; the socket pins a block for the moment in which the kernel writes to it.
    /// </summary>
    private sealed class Block(ConnectionBlocks pool) : IMemoryOwner<byte>
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes);
        private int _isRented;

        public Memory<byte> Memory => _bytes;

        public bool IsRented
        {
            set => Volatile.Write(ref _isRented, value ? 1 : 0);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isRented, 0) == 1)
            {
                pool.Return(this);
            }
        }
    }
}
