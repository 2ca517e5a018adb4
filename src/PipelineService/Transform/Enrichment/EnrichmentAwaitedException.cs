using PipelineService.Core.Rules;

namespace PipelineService.Transform.Enrichment;

/// <summary>A service that a job must ask gives no answer: the job waits, without anything that another could use.</summary>
/// <param name="service">The service.</param>
/// <param name="reason">Why there is no answer.</param>
/// <param name="pause">How long it is of no use to ask again.</param>
public sealed class EnrichmentAwaitedException(string service, RecordErrorCode reason, TimeSpan pause)
    : Exception($"The service {service} gives no answer ({RecordErrorCodes.NameOf(reason)}).")
{
    public string Service { get; } = service;

    public RecordErrorCode Reason { get; } = reason;

    public TimeSpan Pause { get; } = pause;
}
