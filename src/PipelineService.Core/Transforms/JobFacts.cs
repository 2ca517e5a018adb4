using PipelineService.Core.Lookups;

namespace PipelineService.Core.Transforms;

/// <summary>What is known of a job beside its records: the same for each of its attempts.</summary>
/// <param name="JobId">Its id.</param>
/// <param name="Source">Who sent the upload; null when nobody said.</param>
/// <param name="ReceivedAt">When the upload was taken on, in UTC; null where there is none.</param>
public sealed record JobFacts(Guid JobId, string? Source = null, DateTime? ReceivedAt = null)
{
    /// <summary>Where its ops have their answers from; null where none asks for any.</summary>
    public ExternalAnswers? Answers { get; init; }
}
