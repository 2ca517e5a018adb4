using System.Diagnostics;

namespace PipelineService.Hosting.Telemetry;

/// <summary>Our spans: one for each job, chunk and commit, never one for each record.</summary>
public static class PipelineTracing
{
    public static ActivitySource Source { get; } = new("PipelineService");
}
