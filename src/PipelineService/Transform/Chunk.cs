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
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[]? _buffer;

    public Chunk(JobLoad load, ChunkBufferPool pool, byte[] buffer, int length)
    {
        Load = load;
        _pool = pool;
        _buffer = buffer;
        Length = length;
    }

    /// <summary>The load that it belongs to.</summary>
    public JobLoad Load { get; }

    /// <summary>0-based place among the chunks of this load.</summary>
    public required int Index { get; init; }

    /// <summary>Where it starts in the decoded bytes of the upload.</summary>
    public required long StartOffset { get; init; }

    /// <summary>Where it ends; the next chunk starts there.</summary>
    public required long EndOffset { get; init; }

    /// <summary>Numbers of its first record and first line.</summary>
    public required ChunkPosition Position { get; init; }

    public required int Records { get; init; }

    public required long Lines { get; init; }

    /// <summary>True when the chunk stands for one record that is longer than the limit.</summary>
    public bool IsOversizedRecord { get; init; }

    /// <summary>Whether the bytes are only the beginning of an oversized record.</summary>
    public bool IsCut { get; init; }

    /// <summary>Bytes in the buffer. Equals EndOffset − StartOffset but for an oversized record.</summary>
    public int Length { get; }

    /// <summary>Completes when the chunk may be written: at once, or after the chunk before it when order matters.</summary>
    public Task Turn { get; set; } = Task.CompletedTask;

    /// <summary>Completes when the chunk is done with.</summary>
    public Task Written => _written.Task;

    public ReadOnlyMemory<byte> Bytes =>
        (_buffer ?? throw new ObjectDisposedException(nameof(Chunk))).AsMemory(0, Length);

    internal void MarkWritten() => _written.TrySetResult();

    /// <summary>Returns the buffer.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is byte[] buffer)
        {
            _pool.Return(buffer);
        }
    }
}
