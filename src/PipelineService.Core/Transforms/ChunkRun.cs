using PipelineService.Core.Parsing;
using PipelineService.Core.Transforms.Tracing;

namespace PipelineService.Core.Transforms;

/// <summary>One run over a chunk: takes each record that is read and decides what becomes of it.</summary>
/// <typeparam name="TWatch">Whether somebody watches one of them; then the others are passed over.</typeparam>
internal ref struct ChunkRun<TWatch>(
    RecordEncoder encoder, ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace) : IRecordSink
    where TWatch : struct, IWatch
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Records taken so far.</summary>
    public int Records { get; private set; }

    public void Take(RecordPlace place, bool isRead)
    {
        long record = position.FirstRecord + Records++;
        long line = position.FirstLine + place.Line;
        if (TWatch.IsOn && !encoder.Show(_bytes, place, record, line, isRead, workspace))
        {
            return;
        }

        if (isRead && encoder.HasSteps)
        {
            StepResult result = encoder.RunSteps<TWatch>(_bytes, workspace, record, out int op);
            if (result.IsFiltered)
            {
                workspace.Filtered++;
                return;
            }

            if (!result.IsKept)
            {
                encoder.Refuse<TWatch>(result, op, _bytes, place, workspace);
                isRead = false;
            }
        }

        if (!isRead || !encoder.Encode<TWatch>(_bytes, place, record, line, workspace))
        {
            workspace.Rejects.Close(record, line, place.Start, place.Length);
        }
    }
}
