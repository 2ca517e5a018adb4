using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;

namespace PipelineService.Spool.Formats;

/// <summary>One JSON object a line. Source: https://github.com/ndjson/ndjson-spec.</summary>
/// <remarks>
/// No column is left to the table but those whose names are declared not to be read: what one record does not have the next may, and a
/// row of COPY has all columns or is not of the same COPY. What a record leaves out is NULL.
/// </remarks>
public sealed class NdjsonRecordFormat(RowPlan rows, int recordBytesMax) : RecordFormat(rows, recordBytesMax)
{
    public override async Task<RecordsStart> FindStartAsync(
        IDecodedBytes upload, JobFacts job, IReadOnlySet<string> defaults, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> first = await ReadFirstAsync(upload, ForeignContent.BytesLooked, cancellationToken);
        ThrowIfForeign(first.Span);
        RecordReader reader = JsonObjects.ReaderOf(Rows.Definition, JsonFraming.Lines);
        RowPlan sent = Rows.Definition.Items.Keys.IsEmpty ? Rows : RowsFor(reader.SlotOfField, defaults);
        return new(
            ByteOrderMark.LengthIn(first.Span),
            new ChunkPosition(1, 1),
            JsonObjects.ScannerOf(reader, new LineScanner(RecordBytesMax)),
            TransformOf(sent, reader, job),
            sent)
        {
            RecordBytesMax = RecordBytesMax,
        };
    }
}
