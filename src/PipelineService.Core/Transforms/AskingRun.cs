using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Transforms.Steps.Rows;

namespace PipelineService.Core.Transforms;

/// <summary>One run over a chunk that only finds out what its records ask: nothing comes of them yet.</summary>
internal ref struct AskingRun(
    RecordEncoder encoder, ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace, ExternalStep step,
    ChunkQuestions questions) : IRecordSink
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _records;

    public void Take(RecordPlace place, bool isRead)
    {
        long record = position.FirstRecord + _records++;
        if (isRead)
        {
            encoder.Ask(_bytes, workspace.Values, record, step, questions);
        }
        else
        {
            workspace.Rejects.Close(record, position.FirstLine + place.Line, place.Start, place.Length);
        }
    }
}
