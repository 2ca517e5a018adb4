using PipelineService.Core.Scoring;

namespace PipelineService.Core.Lookups;

/// <summary>What the records of a chunk ask somebody else for, each thing once; or what a model is asked about each of them.</summary>
public sealed class ChunkQuestions
{
    private readonly KeyTable _keys = new();

    /// <summary>How many different ones there are.</summary>
    public int Count => _keys.Count;

    /// <summary>Bytes that they take.</summary>
    public long Bytes => _keys.Bytes;

    /// <summary>The keys, as <see cref="LookupKey"/> writes them, in no order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Keys => _keys.Keys();

    /// <summary>Where the records go that a model is asked about; null where none is.</summary>
    internal ChunkScores? Scores { get; init; }

    /// <summary>Takes a key in.</summary>
    internal void Add(ReadOnlySpan<byte> key) => _keys.TryAdd(key, []);
}
