using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;

namespace PipelineService.Client;

/// <summary>A job as the service showed it.</summary>
public sealed record ObservedJob(
    Guid Id, JobState State, string? WaitingFor, RecordCounts Records, ObservedProgress? Progress, JsonNode? Error)
{
    public bool IsFinal => State.IsFinal();
}

/// <param name="Ratio">0 to 1.</param>
/// <param name="RecordsPerSecond">Null until enough was read to tell.</param>
public sealed record ObservedProgress(double Ratio, double? RecordsPerSecond);
