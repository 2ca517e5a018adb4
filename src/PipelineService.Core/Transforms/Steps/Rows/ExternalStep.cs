using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>
/// A step whose answer is not in the record. Bound to a job it has all answers at hand, or asks for those of a chunk before the records
/// of the chunk come to it.
/// </summary>
internal abstract class ExternalStep : RecordStep
{
    /// <summary>0-based index of the op.</summary>
    public abstract int Op { get; }

    /// <inheritdoc/>
    public sealed override bool IsTyped => true;

    /// <summary>Whether it asks for what it needs, chunk by chunk.</summary>
    public abstract bool Asks { get; }

    /// <summary>Room for what the records of a chunk ask.</summary>
    /// <param name="workspace">That of the worker.</param>
    public virtual ChunkQuestions Begin(TransformWorkspace workspace) => new();

    /// <summary>Takes in what it asks of a record, if it asks anything.</summary>
    public abstract void Ask(OpenRecord record, ChunkQuestions questions);

    /// <summary>Asks what the records of a chunk ask.</summary>
    /// <param name="answers">Takes what the answer is.</param>
    public abstract Task AnswerAsync(ChunkQuestions questions, ChunkAnswers answers, CancellationToken cancellationToken);
}
