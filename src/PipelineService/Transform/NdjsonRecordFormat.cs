using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Transforms;
using PipelineService.Spool;

namespace PipelineService.Transform;

/// <summary>One JSON object a line. Source: https://github.com/ndjson/ndjson-spec.</summary>
public sealed class NdjsonRecordFormat(RowPlan rows, int recordBytesMax) : RecordFormat(rows, recordBytesMax)
{
    public override async Task<RecordsStart> FindStartAsync(
        SpoolUpload upload, Guid jobId, CancellationToken cancellationToken) => new(
            await ReadByteOrderMarkAsync(upload, cancellationToken),
            new ChunkPosition(1, 1),
            new LineScanner(RecordBytesMax),
            new NdjsonChunkTransform(Rows, jobId))
        {
            RecordBytesMax = RecordBytesMax,
        };
}
