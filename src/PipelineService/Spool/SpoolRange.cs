using System.Buffers;
using PipelineService.Core.Lookups;
using PipelineService.Core.Transforms;
using PipelineService.Spool.Decoding;

namespace PipelineService.Spool;

/// <summary>
/// A part of an upload that has been read before, as a chunk, and is transformed a second time: what came of it the first time is
/// gone. The same bytes at the same place make the same rows.
/// </summary>
public sealed class SpoolRange(UploadContent upload)
{
    /// <param name="answers">What services have answered to its records the first time; null where none was asked.</param>
    /// <param name="into">Holds the rows afterwards.</param>
    public async Task TransformAsync(
        ChunkTransform transform, ChunkExtent extent, ChunkAnswers? answers, TransformWorkspace into, CancellationToken cancellationToken)
    {
        if (extent.Records == 0)
        {
            into.Clear(); // what closes a document may be of any length
            return;
        }

        int length = checked((int)extent.Bytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await upload.ReadAgainAsync(buffer.AsMemory(0, length), extent.StartOffset, cancellationToken);
            ReadOnlyMemory<byte> bytes = buffer.AsMemory(0, length);
            answers = await transform.AnswerAsync(bytes, extent.Position, into, cancellationToken, answers);
            transform.Run(bytes.Span, extent.Position, into, answers);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
