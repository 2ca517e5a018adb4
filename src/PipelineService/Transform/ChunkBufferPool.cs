using System.Collections.Concurrent;

namespace PipelineService.Transform;

/// <summary>
/// Buffers of one chunk's size, kept for reuse. How many exist at once is bounded by the loads (sessions + 1 chunks in
/// flight and one being filled each), not by the pool; larger ones, made for a long record, are not kept.
/// </summary>
/// <param name="size">Bytes of a chunk.</param>
public sealed class ChunkBufferPool(int size)
{
    private readonly ConcurrentBag<byte[]> _free = [];
    private int _rented;

    /// <summary>Buffers handed out and not yet returned; 0 when nothing is being loaded.</summary>
    public int Rented => Volatile.Read(ref _rented);

    public byte[] Rent(int bytesMin)
    {
        Interlocked.Increment(ref _rented);
        return bytesMin <= size && _free.TryTake(out byte[]? buffer)
            ? buffer
            : GC.AllocateUninitializedArray<byte>(Math.Max(bytesMin, size));
    }

    public void Return(byte[] buffer)
    {
        Interlocked.Decrement(ref _rented);
        if (buffer.Length == size)
        {
            _free.Add(buffer);
        }
    }
}
