using PipelineService.Core.Transforms;
using PipelineService.Transform;

namespace PipelineService.Spool;

/// <summary>
/// A part of an upload that has been read before, as a chunk, and is transformed a second time: what came of it the first time is
/// gone. The same bytes at the same place make the same rows.
/// </summary>
public sealed class SpoolRange(SpoolUpload upload, ChunkBufferPool pool)
{
    /// <param name="start">Where it starts: a record's start.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="position">The numbers of the record and line that start there.</param>
    /// <param name="into">Holds the rows afterwards.</param>
    public async Task TransformAsync(
        ChunkTransform transform, long start, long end, ChunkPosition position, TransformWorkspace into,
        CancellationToken cancellationToken)
    {
        int length = checked((int)(end - start));
        byte[] buffer = pool.Rent(length);
        try
        {
            for (int filled = 0, read; filled < length; filled += read)
            {
                read = await upload.ReadAsync(buffer.AsMemory(filled, length - filled), start + filled, cancellationToken);
                if (read == 0)
                {
                    throw new InvalidOperationException($"The spool ends at {start + filled}, before a chunk that was read to {end}.");
                }
            }

            transform.Run(buffer.AsSpan(0, length), position, into);
        }
        finally
        {
            pool.Return(buffer);
        }
    }
}
