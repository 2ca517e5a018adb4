using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>How other datasets look up the rows of one of mode <see cref="LoadMode.Replace"/>.</summary>
/// <param name="Key">The fields by which a row is found: a key of the schema, so that there is at most one.</param>
/// <param name="MemoryBytesMax">
/// Bytes of rows, as far as they are asked for, that an instance keeps in memory; more than that are asked for chunk by chunk.
/// </param>
public sealed record LookupPolicy(ImmutableArray<string> Key, long MemoryBytesMax = LookupPolicy.MemoryBytesDefault)
{
    public const long MemoryBytesDefault = 64 << 20;

    /// <summary>More than this is no small table.</summary>
    public const long MemoryBytesLimit = 1 << 30;

    /// <inheritdoc/>
    public bool Equals(LookupPolicy? other) =>
        other is not null && MemoryBytesMax == other.MemoryBytesMax && Key.SequenceEqual(other.Key);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(MemoryBytesMax, Key.Length);
}
