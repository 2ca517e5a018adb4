using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;

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

    /// <summary>
    /// The error of a field of a row that the database refused: where in the chunk its value stands is found by reading the record
    /// once more, since nobody asks that of rows that land.
    /// </summary>
    /// <param name="bytes">The chunk.</param>
    /// <param name="row">A row that <see cref="Run"/> made of it.</param>
    /// <param name="column">0-based index of the column in the plan.</param>
    /// <param name="code">Why it was refused.</param>
    /// <param name="workspace">Of the run; its rows and rejects stay as they are.</param>
    /// <returns>With a length of 0 where the record has no value for the column.</returns>
    public abstract RecordError ErrorOf(
        ReadOnlySpan<byte> bytes, RowMark row, short column, RecordErrorCode code, TransformWorkspace workspace);
}
