namespace PipelineService.Core.Lookups;

/// <summary>What the records of a chunk ask somebody else for, each thing once.</summary>
public sealed class ChunkQuestions
{
    private readonly KeyTable _keys = new();

    /// <summary>How many different ones there are.</summary>
    public int Count => _keys.Count;

    /// <summary>Bytes that they take.</summary>
    public long Bytes => _keys.Bytes;

    /// <summary>The keys, as <see cref="LookupKey"/> writes them, in no order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Keys => _keys.Keys();

    /// <summary>Takes a key in.</summary>
    internal void Add(ReadOnlySpan<byte> key) => _keys.TryAdd(key, []);
}
