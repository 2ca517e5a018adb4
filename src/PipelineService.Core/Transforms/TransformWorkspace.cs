using System.Runtime.InteropServices;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Scoring;
using PipelineService.Core.Transforms.Tracing;

namespace PipelineService.Core.Transforms;

/// <summary>What one worker writes to; used again for chunk after chunk.</summary>
public sealed class TransformWorkspace
{
    public RowBuffer Rows { get; } = new();

    public RejectBuffer Rejects { get; } = new();

    /// <summary>Records that a step left out.</summary>
    public int Filtered { get; internal set; }

    /// <summary>For each op of the dataset's transforms, how many records it left out, or gave something else than the rest.</summary>
    public ReadOnlySpan<long> Ops => Values.Ops;

    /// <summary>Values that records lack because a service gave no answer, in the order of the records; also of such as became no rows.</summary>
    public IReadOnlyList<RecordGap> Gaps => Values.Gaps;

    /// <summary>The record being looked at.</summary>
    public RecordValues Values { get; } = new();

    /// <summary>Who watches a record; null in every load.</summary>
    internal RecordTrace? Trace { get; set; }

    /// <summary>Dead letters on their way to the database, some at a time.</summary>
    public RowBuffer Letters { get; } = new(initialBytes: 0);

    private readonly Dictionary<int, ChunkScores> _scores = [];

    /// <summary>Room for what a model gives for the records of a chunk, which an op asks it for.</summary>
    internal ChunkScores ScoresOf(int op) => CollectionsMarshal.GetValueRefOrAddDefault(_scores, op, out _) ??= new ChunkScores();

    public void Clear()
    {
        Rows.Clear();
        Rejects.Clear();
        Filtered = 0;
        Values.ClearOps();
        Values.Documents.Clear();
    }
}
