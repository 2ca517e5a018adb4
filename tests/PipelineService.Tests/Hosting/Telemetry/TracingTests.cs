using System.Collections.Concurrent;
using System.Diagnostics;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Telemetry;

/// <summary>One span for each run of a job, each chunk and each commit, in the trace of the request that brought the upload.</summary>
public sealed class TracingTests(LoadingService running) : IClassFixture<LoadingService>
{
    private const string Caller = "00f067aa0ba902b7";
    private const string ServiceSource = "PipelineService";

    private readonly string _trace = $"{Guid.NewGuid():N}";

    [Theory]
    [InlineData("traced_jobs", "job", 1)]
    [InlineData("traced_chunks", "chunk", 4)]
    public async Task Spans_tell_of_a_job_its_chunks_and_its_commits(string dataset, string commit, int commitsAtLeast)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        using Spans spans = new();
        JobView job = await UploadAsync(dataset, Readings.Csv(1_000));

        Activity run = await spans.WhenJobEndedAsync(job.Id);
        Activity[] trace = [.. spans.All.Where(span => $"{span.TraceId}" == _trace)];

        Assert.Equal((dataset, "succeeded"), (run.GetTagItem("pipeline.dataset"), run.GetTagItem("pipeline.state")));
        Assert.Equal(_trace, $"{run.TraceId}");
        Assert.NotEqual(Caller, $"{run.ParentSpanId}"); // the request is between them
        Activity[] chunks = [.. trace.Where(span => span.OperationName == "chunk")];
        Assert.InRange(chunks.Length, 4, 20);
        Assert.All(chunks, chunk => Assert.Equal(run.SpanId, chunk.ParentSpanId));
        Assert.Equal(1_000, chunks.Sum(chunk => (long)chunk.GetTagItem("pipeline.records.read")!));
        Activity[] commits = [.. trace.Where(span => span.OperationName == "commit")];
        Assert.InRange(commits.Length, commitsAtLeast, 20);
        Assert.Subset(chunks.Append(run).Select(span => span.SpanId).ToHashSet(), commits.Select(span => span.ParentSpanId).ToHashSet());
    }

    /// <summary>Whoever takes it up then knows the trace by the spool alone, as another process would.</summary>
    [Fact]
    public async Task A_job_that_waited_in_the_queue_belongs_to_the_trace_of_its_upload()
    {
        await running.Api.DeclareAsync("traced_queue", Readings.Definition());
        using Spans spans = new();
        JobView job;
        using (HeldSessions.All(running.Service.Services))
        {
            job = (await running.Api.UploadAsync("traced_queue", Readings.Csv(1), "text/csv", ("traceparent", $"00-{_trace}-{Caller}-01"))).Job;
            Assert.Equal(JobState.Queued, job.State);
        }

        Activity run = await spans.WhenJobEndedAsync(job.Id);

        Assert.Equal(_trace, $"{run.TraceId}");
    }

    [Fact]
    public async Task Nobody_listens_and_the_log_knows_the_trace_of_a_job_all_the_same()
    {
        ActivityContext request = new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.None);
        await Task.Run(() =>
        {
            using Activity job = PipelineTracing.StartJob("traced_by_nobody", Guid.CreateVersion7(), source: null, request);

            Assert.Equal((job, request.TraceId, request.SpanId), (Activity.Current, job.TraceId, job.ParentSpanId));
            Assert.False(PipelineTracing.IsRecorded);
        }, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_failed_job_has_an_error_on_its_span()
    {
        await running.Api.DeclareAsync("traced_failure", Readings.Definition());
        using Spans spans = new();
        JobView job = await UploadAsync("traced_failure", "none\n1\n");
        Assert.Equal(JobState.Failed, job.State);

        Activity run = await spans.WhenJobEndedAsync(job.Id);

        Assert.Equal((ActivityStatusCode.Error, "failed"), (run.Status, run.GetTagItem("pipeline.state")));
    }

    private async Task<JobView> UploadAsync(string dataset, string body)
    {
        ApiAnswer answer = await running.Api.UploadAsync(
            dataset, body, "text/csv", ("traceparent", $"00-{_trace}-{Caller}-01"), ("Prefer", "wait=30"));
        return await running.Api.WhenFinalAsync(answer.Job.Id);
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
                ShouldListenTo = static source => source.Name == ServiceSource,
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
