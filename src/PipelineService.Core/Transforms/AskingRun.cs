using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Transforms.Steps.Rows;
using PipelineService.Core.Transforms.Tracing;

namespace PipelineService.Core.Transforms;

/// <summary>One run over a chunk that only finds out what its records ask: nothing comes of them yet.</summary>
/// <typeparam name="TWatch">Whether somebody watches one of them; then the others ask nothing.</typeparam>
internal ref struct AskingRun<TWatch>(
    RecordEncoder encoder, ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace, ExternalStep step,
    ChunkQuestions questions) : IRecordSink
    where TWatch : struct, IWatch
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _records;

    public void Take(RecordPlace place, bool isRead)
    {
        long record = position.FirstRecord + _records++;
        if (TWatch.IsOn && !workspace.Trace!.Wants(record))
        {
            workspace.Rejects.DropOpen();
            return;
        }

        if (isRead)
        {
            encoder.Ask(_bytes, workspace, record, step, questions);
        }
        else
        {
            workspace.Rejects.Close(record, position.FirstLine + place.Line, place.Start, place.Length);
        }
    }
}
