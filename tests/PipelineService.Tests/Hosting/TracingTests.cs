using System.Collections.Concurrent;
using System.Diagnostics;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting;

/// <summary>One span for each run of a job, each chunk and each commit, in a trace of its own.</summary>
public sealed class TracingTests(LoadingService running) : IClassFixture<LoadingService>
{
    [Theory]
    [InlineData("traced_jobs", "job", 1)]
    [InlineData("traced_chunks", "chunk", 4)]
    public async Task Spans_tell_of_a_job_its_chunks_and_its_commits(string dataset, string commit, int commitsAtLeast)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        using Spans spans = new();
        JobView job = await running.Api.LoadAsync(dataset, Readings.Csv(1_000));

        Activity run = await spans.WhenJobEndedAsync(job.Id);
        Activity[] trace = [.. spans.All.Where(span => span.TraceId == run.TraceId)];

        Assert.Equal((dataset, "succeeded"), (run.GetTagItem("pipeline.dataset"), run.GetTagItem("pipeline.state")));
        Assert.Equal(default, run.ParentSpanId);
        Activity[] chunks = [.. trace.Where(span => span.OperationName == "chunk")];
        Assert.InRange(chunks.Length, 4, 20);
        Assert.All(chunks, chunk => Assert.Equal(run.SpanId, chunk.ParentSpanId));
        Activity[] commits = [.. trace.Where(span => span.OperationName == "commit")];
        Assert.InRange(commits.Length, commitsAtLeast, 20);
        Assert.Subset(chunks.Append(run).Select(span => span.SpanId).ToHashSet(), commits.Select(span => span.ParentSpanId).ToHashSet());
    }

    [Fact]
    public async Task A_failed_job_has_an_error_on_its_span()
    {
        await running.Api.DeclareAsync("traced_failure", Readings.Definition());
        using Spans spans = new();
        JobView job = await running.Api.LoadAsync("traced_failure", "none\n1\n");
        Assert.Equal(JobState.Failed, job.State);

        Activity run = await spans.WhenJobEndedAsync(job.Id);

        Assert.Equal((ActivityStatusCode.Error, "failed"), (run.Status, run.GetTagItem("pipeline.state")));
    }

    /// <summary>A collector, which makes the spans exist at all.</summary>
    private sealed class Spans : IDisposable
    {
        private readonly ActivityListener _listener;
        private readonly ConcurrentQueue<Activity> _stopped = new();

        public Spans()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source == PipelineTracing.Source,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = _stopped.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public IEnumerable<Activity> All => _stopped;

        /// <summary>Its answer comes a moment before its run is over.</summary>
        public async Task<Activity> WhenJobEndedAsync(Guid job)
        {
            Activity? Find() => _stopped.FirstOrDefault(span => span.OperationName == "job" && Equals(span.GetTagItem("pipeline.job"), job));
            await BoundedWait.UntilAsync("the job's span to end", () => Find() is not null);
            return Find()!;
        }

        public void Dispose() => _listener.Dispose();
    }
}
