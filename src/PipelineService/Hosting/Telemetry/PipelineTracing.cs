using System.Diagnostics;
using OpenTelemetry;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// Our spans, in the trace of the request that brought the upload: one for each run of a job, each chunk, what a chunk asks of others, its
/// transforms and each commit, never one for a record. The driver adds one for each COPY, and for statements outside of chunks.
/// </summary>
public static class PipelineTracing
{
    private const string Job = "job";
    private const string Chunk = "chunk";
    private const string Enrichment = "enrichment";
    private const string Transform = "transform";
    private const string Commit = "commit";

    public static ActivitySource Source { get; } = new("PipelineService");

    /// <summary>
    /// Whether what happens now belongs to a trace that is kept. What runs by itself, such as a look for jobs, does not.
    /// </summary>
    public static bool IsRecorded => Activity.Current is { Recorded: true };

    /// <summary>
    /// Whether statements have spans of their own now: not within a chunk, a part of one or a commit, which tell as much, and of which a
    /// job has thousands.
    /// </summary>
    public static bool TellsStatements =>
        Activity.Current is { Recorded: true, OperationName: not (Chunk or Enrichment or Transform or Commit) };

    /// <summary>For polls: nothing that is done until its end has a span.</summary>
    public static IDisposable Untraced() => SuppressInstrumentationScope.Begin();

    /// <summary>
    /// A run of a job. It outlives the request that brought the upload, and may follow it in another process. Where nobody
    /// listens it is there all the same, so that lines of the log carry its trace.
    /// </summary>
    /// <param name="request">The span of that request; default when it is not known.</param>
    public static Activity StartJob(string dataset, Guid job, string? source, ActivityContext request)
    {
        Activity.Current = null; // the parent is the one that is given, or none
        return Source.StartActivity(
                Job,
                ActivityKind.Internal,
                request,
                [new("pipeline.job", job), new("pipeline.dataset", dataset), new("pipeline.source", source)])
            ?? Unobserved(request);
    }

    /// <summary>What became of a job, on its span.</summary>
    /// <param name="state">As clients read it; of a job that goes on elsewhere not a final one.</param>
    public static void Tell(this Activity job, string state, bool hasFailed) => job
        .SetTag("pipeline.state", state)
        .SetStatus(hasFailed ? ActivityStatusCode.Error : ActivityStatusCode.Unset);

    /// <summary>A chunk on its way through transform and write, wherever it is worked on.</summary>
    /// <param name="job">The span of its job.</param>
    public static Activity? StartChunk(ActivityContext job, long start, long end) => Source.HasListeners()
        ? Source.StartActivity(
            Chunk, ActivityKind.Internal, job, [new("pipeline.chunk.start", start), new("pipeline.chunk.end", end)])
        : null;

    /// <summary>What became of a chunk's records, on its span.</summary>
    public static void Tell(this Activity chunk, long read, long rejected) => chunk
        .SetTag("pipeline.records.read", read)
        .SetTag("pipeline.records.rejected", rejected);

    /// <summary>What a chunk asks of others before it is transformed: lookups and services, whose calls are below it.</summary>
    /// <param name="parent">The chunk; of one that waits for a service before a worker takes it, the job.</param>
    public static Activity? StartEnrichment(ActivityContext parent) => StartBelow(Enrichment, parent);

    /// <summary>Records become rows.</summary>
    /// <param name="chunk">Null where it is not recorded.</param>
    public static Activity? StartTransform(Activity? chunk) => chunk is null ? null : StartBelow(Transform, chunk.Context);

    /// <summary>A commit of rows: of a chunk, or of what a job's session holds.</summary>
    public static Activity? StartCommit() => Source.StartActivity(Commit);

    /// <summary>The commit of a job that shares its transaction with others, which is told in the trace of each.</summary>
    public static Activity? StartCommit(ActivityContext job) => StartBelow(Commit, job);

    /// <summary>Without a parent it would be a trace of its own.</summary>
    private static Activity? StartBelow(string name, ActivityContext parent) =>
        parent != default && Source.HasListeners() ? Source.StartActivity(name, ActivityKind.Internal, parent) : null;

    private static Activity Unobserved(ActivityContext request)
    {
        Activity activity = new(Job);
        if (request != default)
        {
            activity.SetParentId(request.TraceId, request.SpanId, request.TraceFlags);
        }

        return activity.Start();
    }
}
