using System.Diagnostics;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// Our spans: one for each run of a job, each chunk and each commit, never one for a record. Where nobody listens none
/// is made.
/// </summary>
public static class PipelineTracing
{
    public static ActivitySource Source { get; } = new("PipelineService");

    /// <summary>
    /// A run of a job: a trace of its own, because it outlives the request that brought it, with a link to that.
    /// </summary>
    public static Activity? StartJob(string dataset, Guid job, string? source)
    {
        Activity? request = Activity.Current;
        Activity.Current = null;
        return Source.HasListeners()
            ? Source.StartActivity(
                "job",
                ActivityKind.Internal,
                parentContext: default,
                [new("pipeline.job", job), new("pipeline.dataset", dataset), new("pipeline.source", source)],
                request is null ? null : [new ActivityLink(request.Context)])
            : null;
    }

    /// <summary>What became of a job, on its span.</summary>
    /// <param name="state">As clients read it; of a job that goes on elsewhere not a final one.</param>
    public static void Tell(this Activity? job, string state, bool hasFailed) => job
        ?.SetTag("pipeline.state", state)
        .SetStatus(hasFailed ? ActivityStatusCode.Error : ActivityStatusCode.Unset);

    /// <summary>A chunk on its way through transform and write, wherever it is worked on.</summary>
    /// <param name="job">The span of its job.</param>
    public static Activity? StartChunk(ActivityContext job, long start, long end) => Source.HasListeners()
        ? Source.StartActivity(
            "chunk", ActivityKind.Internal, job, [new("pipeline.chunk.start", start), new("pipeline.chunk.end", end)])
        : null;

    /// <summary>A commit of rows: of a chunk, or of what a job's session holds.</summary>
    public static Activity? StartCommit() => Source.StartActivity("commit");
}
