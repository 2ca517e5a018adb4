using PipelineService.Core.Rules;

namespace PipelineService.Core.Lookups;

/// <summary>Asks a service.</summary>
/// <param name="use">Who asks what.</param>
/// <param name="inputs">What is asked, each a JSON object, each thing once.</param>
/// <returns>An answer for each, in their order.</returns>
public delegate Task<IReadOnlyList<ServiceAnswer>> AskService(
    ServiceUse use, IReadOnlyList<byte[]> inputs, CancellationToken cancellationToken);

/// <summary>What a service has said to one question.</summary>
/// <param name="Code">None: there is an output. Else why there is none: nothing is known, an error, or no answer at all.</param>
/// <param name="Output">The output, as JSON; null where there is none.</param>
/// <param name="Excerpt">Of an answer that is of no use, how it begins, or the error in it; null where there was none.</param>
public readonly record struct ServiceAnswer(RecordErrorCode Code, byte[]? Output = null, string? Excerpt = null)
{
    /// <summary>The service knows nothing of what was asked.</summary>
    public static ServiceAnswer Missing => new(RecordErrorCode.EnrichmentMissing);

    /// <summary>Whether the service has answered: with an output, with nothing, or with an error of this question.</summary>
    public bool IsAnswer =>
        Code is RecordErrorCode.None or RecordErrorCode.EnrichmentMissing or RecordErrorCode.EnrichmentFailed;
}
