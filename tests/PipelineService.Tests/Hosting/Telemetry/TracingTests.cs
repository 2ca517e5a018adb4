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
        Activity[] transforms = [.. trace.Where(span => span.OperationName == "transform")];
        Assert.Equal(chunks.Select(span => span.SpanId).ToHashSet(), transforms.Select(span => span.ParentSpanId).ToHashSet());
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

    /// <summary>Of several uploads that go together, each has a trace to its end.</summary>
    [Fact]
    public async Task Small_jobs_that_share_a_transaction_have_its_commit_in_the_trace_of_each()
    {
        await running.Api.DeclareAsync("traced_together", Readings.Definition());
        using Spans spans = new();
        string[] traces = [.. Enumerable.Range(0, 4).Select(_ => $"{Guid.NewGuid():N}")];
        List<JobView> jobs = [];
        await using (TableLock held = await TableLock.TakeAsync(running.Database, "traced_together"))
        {
            foreach (string trace in traces)
            {
                jobs.Add((await running.Api.UploadAsync(
                    "traced_together", Readings.Csv(1), "text/csv", ("traceparent", $"00-{trace}-{Caller}-01"))).Job);
            }

            await running.Database.WhenBlockedAsync("traced_together"); // the first is at the table, the others wait for it
            await held.ReleaseAsync();
        }

        foreach (JobView job in jobs)
        {
            await spans.WhenJobEndedAsync(job.Id);
        }

        Assert.InRange(
            await running.Database.ScalarAsync<long>("SELECT count(DISTINCT xmin::text) FROM public.traced_together"), 1, traces.Length - 1);
        Assert.All(traces, trace => Assert.Single(spans.All, span => $"{span.TraceId}" == trace && span.OperationName == "commit"));
    }

    /// <summary>Asked at once, and while it waits for a service before a worker takes it.</summary>
    [Fact]
    public void What_is_asked_of_others_has_a_span_where_its_job_is_recorded()
    {
        using Spans spans = new();
        ActivityContext recorded = new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        using (Activity? asking = PipelineTracing.StartEnrichment(recorded))
        {
            Assert.Equal(("enrichment", recorded.SpanId), (asking!.OperationName, asking.ParentSpanId));
        }

        Assert.Null(PipelineTracing.StartEnrichment(default));
        Assert.Null(PipelineTracing.StartTransform(chunk: null));
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
