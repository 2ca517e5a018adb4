namespace PipelineService.Events;

/// <summary>All types of events that there are. The migrations write them, and docs/events.md tells of each.</summary>
internal static class EventTypes
{
    public const string JobFinished = "job.finished";

    public const string QualityBreach = "quality.breach";

    /// <summary>Sent when somebody tries a webhook out; it is in no log.</summary>
    public const string WebhookTest = "webhook.test";

    public static readonly string[] All =
    [
        "job.received", "job.started", "job.waiting", JobFinished, "job.reverted", "job.replaced", "job.restored", QualityBreach,
        "dataset.version",
    ];
}
