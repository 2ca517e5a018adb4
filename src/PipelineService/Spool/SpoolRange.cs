using System.Buffers;
using PipelineService.Core.Lookups;
using PipelineService.Core.Transforms;

namespace PipelineService.Spool;

/// <summary>
/// A part of an upload that has been read before, as a chunk, and is transformed a second time: what came of it the first time is
/// gone. The same bytes at the same place make the same rows.
/// </summary>
public sealed class SpoolRange(SpoolReader upload)
{
    /// <param name="into">Holds the rows afterwards.</param>
    public async Task TransformAsync(
        ChunkTransform transform, ChunkExtent extent, TransformWorkspace into, CancellationToken cancellationToken)
    {
        int length = checked((int)extent.Bytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            for (int filled = 0, read; filled < length; filled += read)
            {
                long next = extent.StartOffset + filled;
                read = await upload.ReadAsync(buffer.AsMemory(filled, length - filled), next, cancellationToken);
                if (read == 0)
                {
                    throw new InvalidOperationException($"The spool ends at {next}, before a chunk that was read to {extent.EndOffset}.");
                }
            }

            ReadOnlyMemory<byte> bytes = buffer.AsMemory(0, length);
            ChunkAnswers? answers = await transform.AnswerAsync(bytes, extent.Position, into, cancellationToken);
            transform.Run(bytes.Span, extent.Position, into, answers);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
