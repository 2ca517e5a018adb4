using PipelineService.Core.Parsing;

namespace PipelineService.Core.Transforms;

/// <summary>One run over a chunk: takes each record that is read and decides what becomes of it.</summary>
internal ref struct ChunkRun(
    RecordEncoder encoder, ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace) : IRecordSink
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Records taken so far.</summary>
    public int Records { get; private set; }

    public void Take(RecordPlace place, bool isRead)
    {
        long record = position.FirstRecord + Records++;
        long line = position.FirstLine + place.Line;
        if (isRead && encoder.HasSteps)
        {
            StepResult result = encoder.RunSteps(_bytes, workspace.Values, record, out int op);
            if (result.IsFiltered)
            {
                workspace.Filtered++;
                return;
            }

            if (!result.IsKept)
            {
                encoder.Refuse(result, op, _bytes, place, workspace);
                isRead = false;
            }
        }

        if (!isRead || !encoder.Encode(_bytes, place, record, line, workspace))
        {
            workspace.Rejects.Close(record, line, place.Start, place.Length);
        }
    }
}
