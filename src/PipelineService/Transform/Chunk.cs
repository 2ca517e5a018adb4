using PipelineService.Core.Lookups;
using PipelineService.Core.Transforms;
using PipelineService.Write;

namespace PipelineService.Transform;

/// <summary>
/// A slice of an upload's decoded bytes, cut at record ends: the unit of work, of retry and of checkpoint. Whoever takes
/// it from the channel owns its buffer and returns it by disposing.
/// </summary>
public sealed class Chunk : IDisposable
{
    private readonly ChunkBufferPool _pool;
    private readonly int _length;
    private byte[]? _buffer;

    /// <param name="length">Bytes in the buffer: those of the extent, but for an oversized record.</param>
    public Chunk(JobLoad load, Turn turn, ChunkExtent extent, ChunkBufferPool pool, byte[] buffer, int length)
    {
        Load = load;
        Turn = turn;
        Extent = extent;
        _pool = pool;
        _buffer = buffer;
        _length = length;
    }

    /// <summary>Where a worker has it from; null until one has.</summary>
    internal ChunkChannel? TakenFrom { get; set; }

    /// <summary>The load that it belongs to.</summary>
    public JobLoad Load { get; }

    /// <summary>Its place among the chunks of the load.</summary>
    public Turn Turn { get; }

    public ChunkExtent Extent { get; }

    /// <summary>What its records were answered before it came to a worker; null where nobody was asked.</summary>
    public ChunkAnswers? Answers { get; set; }

    public ReadOnlyMemory<byte> Bytes =>
        (_buffer ?? throw new ObjectDisposedException(nameof(Chunk))).AsMemory(0, _length);

    /// <summary>Returns the buffer, and the place to the chunks that wait for one.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is byte[] buffer)
        {
            try
            {
                TakenFrom?.GiveBack(Load.Plan.Party, _length);
                _pool.Return(buffer);
            }
            finally
            {
                Load.Leave(Turn); // whatever happens: the load waits for it
            }
        }
    }
}
