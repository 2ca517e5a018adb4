namespace PipelineService.Core.Transforms;

/// <summary>Where a chunk stands in its upload.</summary>
/// <param name="FirstRecord">1-based number of its first record.</param>
/// <param name="FirstLine">1-based number of its first physical line.</param>
public readonly record struct ChunkPosition(long FirstRecord, long FirstLine);

/// <summary>
/// Turns the bytes of a chunk into rows and rejects: stage 4. Bound to one job (its plan, its header), immutable, shared
/// by all workers; what a run needs to write to is in its <see cref="TransformWorkspace"/>.
/// </summary>
public abstract class ChunkTransform
{
    /// <summary>
    /// Columns that a record may do without at no byte of its own, although a NULL takes four in a row: what decides
    /// how many short records a chunk may have.
    /// </summary>
    public abstract int OptionalColumns { get; }

    /// <summary>Reads every record of the chunk; each becomes a row or a reject.</summary>
    /// <param name="bytes">Whole records only, starting at a record's start.</param>
    /// <param name="position">The numbers of the first record and line.</param>
    /// <param name="workspace">Cleared first; holds the rows and rejects afterwards.</param>
    /// <returns>How many records were read: rows + rejects.</returns>
    public abstract int Run(ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace);
}
