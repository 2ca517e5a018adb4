namespace PipelineService.Jobs.Tenants;

/// <summary>What a party has in the queue.</summary>
/// <param name="Party">A tenant, or a dataset of nobody.</param>
/// <param name="Oldest">Since when the oldest of its jobs waits.</param>
public sealed record PartyInQueue(string Party, long Jobs, long Bytes, DateTime Oldest);
