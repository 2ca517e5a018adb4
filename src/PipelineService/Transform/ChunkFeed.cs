using PipelineService.Core.Transforms;
using PipelineService.Write;

namespace PipelineService.Transform;

/// <summary>
/// The way of one load's bytes into the channel. At most sessions + 1 chunks of a job are in flight, so that one job cannot
/// fill the channel.
/// </summary>
public sealed class ChunkFeed(JobLoad load, ChunkChannel channel, ChunkBufferPool buffers)
{
    /// <summary>Columns that a short record may lack: each costs a row its length although no byte was sent for it.</summary>
    public int OptionalColumns => load.Transform?.OptionalColumns ?? 0;

    /// <summary>Bytes of a record that are kept when it is rejected.</summary>
    public int RawBytesMax => load.RawBytesMax;

    /// <summary>A buffer to fill, of the size of a chunk or more.</summary>
    public byte[] Rent(int bytesMin) => buffers.Rent(bytesMin);

    /// <summary>Gives back a buffer that was not sent.</summary>
    public void Return(byte[] buffer) => buffers.Return(buffer);

    /// <summary>Waits for a place among the chunks in flight, then for one in the channel. The buffer is taken along.</summary>
    /// <param name="length">Bytes in the buffer.</param>
    public async Task SendAsync(ChunkExtent extent, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        Turn turn;
        try
        {
            turn = await load.EnterAsync(cancellationToken);
        }
        catch
        {
            buffers.Return(buffer);
            throw;
        }

        Chunk chunk = new(load, turn, extent, buffers, buffer, length);
        try
        {
            await channel.WriteAsync(chunk, cancellationToken);
        }
        catch
        {
            chunk.Dispose();
            throw;
        }
    }
}
