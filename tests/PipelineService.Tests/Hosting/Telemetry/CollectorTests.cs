using System.Text.Json;
using System.Text.RegularExpressions;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Hosting.Telemetry;

/// <summary>The service in a process of its own, which OpenTelemetry's variables tell where to send what it knows.</summary>
public sealed partial class CollectorTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string Dataset = "collected";
    private const ulong Server = 2;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_upload_is_one_trace_from_the_request_to_the_commit()
    {
        await using OtlpReceiver receiver = new(ServiceProcess.FreePort());
        using TemporaryFolder folder = new();
        await using ServiceProcess service = await StartAsync(
            folder, out Api api, out HttpClient http,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Address),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret"),
            ("OTEL_SERVICE_NAME", "trips-loader"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.name=overruled"),
            ("Hosting__LogFormat", "Json"));
        using HttpClient _ = http;
        await api.DeclareAsync(Dataset, Readings.Definition("'load': { 'commit': 'chunk' }"));
        (string trace, string caller) = ($"{Guid.NewGuid():N}", "00f067aa0ba902b7");

        JobView job = (await api.UploadAsync(
            Dataset, Readings.Csv(1_000), "text/csv", ("traceparent", $"00-{trace}-{caller}-01"), ("Prefer", "wait=30"))).Job;

        ReceivedSpan[] spans = await SpansAsync(receiver, trace, job.Id);
        ReceivedSpan request = Assert.Single(spans, span => span.Kind == Server);
        Assert.Equal(("POST /v1/datasets/{dataset}/uploads", caller), (request.Name, request.ParentSpanId));
        ReceivedSpan run = Assert.Single(spans, span => span.Name == "job");
        Assert.Equal((request.SpanId, Dataset, "succeeded"), (run.ParentSpanId, run.Attributes["pipeline.dataset"], run.Attributes["pipeline.state"]));
        ReceivedSpan[] chunks = [.. spans.Where(span => span.Name == "chunk")];
        Assert.InRange(chunks.Length, 4, 20);
        Assert.All(chunks, chunk => Assert.Equal(run.SpanId, chunk.ParentSpanId));
        HashSet<string> ofChunks = [.. chunks.Select(chunk => chunk.SpanId)];
        ReceivedSpan[] copies = [.. spans.Where(span => span.Name.StartsWith("COPY", StringComparison.Ordinal))];
        Assert.Equal(chunks.Length, copies.Length);
        Assert.All(copies, copy => Assert.Contains(copy.ParentSpanId, ofChunks));
        ReceivedSpan[] commits = [.. spans.Where(span => span.Name == "commit")];
        Assert.Equal(chunks.Length + 1, commits.Length); // the last ends the job
        Assert.All(commits, commit => Assert.Contains(commit.ParentSpanId, ofChunks.Append(run.SpanId)));

        // The examples of its metrics lead there.
        using (HttpRequestMessage scrape = new(HttpMethod.Get, "/metrics"))
        {
            scrape.Headers.Accept.ParseAdd("application/openmetrics-text");
            using HttpResponseMessage metrics = await http.SendAsync(scrape, Token);
            string[] lines = (await metrics.Content.ReadAsStringAsync(Token)).Split('\n');
            Assert.Contains(lines, line => line.StartsWith("pipeline_commit_latency_seconds_bucket", StringComparison.Ordinal)
                && line.Contains($"trace_id=\"{trace}\"", StringComparison.Ordinal));
        }

        // What else it says, and who it says it is.
        await BoundedWait.UntilAsync("metrics and logs to come", () =>
            receiver.Received("pipeline.records") > 0 && receiver.Received("dotnet.process.cpu.time") > 0
            && receiver.Logs.Any(line => line.TraceId == trace && line.Text.Contains("succeeded", StringComparison.Ordinal)));
        Assert.Equal(("trips-loader", "test"), (receiver.Resource["service.name"], receiver.Resource["deployment.environment.name"]));
        Assert.Equal("secret", receiver.Headers["x-key"]);
        ReceivedLog end = receiver.Logs.First(line => line.TraceId == trace && line.Text.Contains("succeeded", StringComparison.Ordinal));
        Assert.Equal((run.SpanId, Dataset, $"{job.Id}"), (end.SpanId, end.Attributes["dataset"], end.Attributes["job"]));
        AssertJsonLine(service.Log, end.Text, trace, run.SpanId);

        // Meanwhile it has looked for jobs, renewed leases and answered probes: none of these is a trace.
        int exports = receiver.Received("pipeline.records");
        await BoundedWait.UntilAsync("more looks for jobs", () => receiver.Received("pipeline.records") > exports + 2);
        Assert.All(receiver.Spans.Where(span => span.ParentSpanId.Length == 0), span => Assert.Equal(Server, span.Kind));
        Assert.DoesNotContain(receiver.Spans, span => span.Attributes.Values.Any(value => value.StartsWith("/health", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_collector_that_takes_nothing_is_told_once_and_so_is_its_return()
    {
        await using OtlpReceiver receiver = new(ServiceProcess.FreePort()) { Refuses = true };
        using TemporaryFolder folder = new();
        await using ServiceProcess service = await StartAsync(
            folder, out Api api, out HttpClient http, ("Hosting__OtlpEndpoint", receiver.Address), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        using HttpClient _ = http;
        await api.GetAsync("/v1/datasets");
        await BoundedWait.UntilAsync("many exports to be refused", () => receiver.Refused > 10);

        receiver.Refuses = false;

        await BoundedWait.UntilAsync("its return to be told", async () =>
        {
            await api.GetAsync("/v1/datasets"); // traces and logs are sent again only when there are any
            return Lines(service, "takes what it is sent again").Length > 0;
        });
        string line = Assert.Single(Lines(service, "does not take what it is sent"));
        Assert.Matches(TextLine(), line);
        Assert.Contains($"The collector {receiver.Address}v1/", line, StringComparison.Ordinal);
        Assert.Contains("503", line, StringComparison.Ordinal);
        Assert.Single(Lines(service, "takes what it is sent again"));
    }

    /// <summary>The job's span ends a moment after its sender was answered.</summary>
    private static async Task<ReceivedSpan[]> SpansAsync(OtlpReceiver receiver, string trace, Guid job)
    {
        await BoundedWait.UntilAsync("the trace to be complete", () =>
            receiver.Spans.Any(span => span.TraceId == trace && span.Name == "job" && span.Attributes["pipeline.job"] == $"{job}")
            && receiver.Spans.Any(span => span.TraceId == trace && span.Kind == Server));
        return [.. receiver.Spans.Where(span => span.TraceId == trace)];
    }

    private static void AssertJsonLine(string log, string text, string trace, string span)
    {
        JsonElement line = Assert.Single(
            from json in log.Split('\n')
            where json.StartsWith('{')
            let parsed = JsonDocument.Parse(json).RootElement
            where parsed.GetProperty("@m").GetString()!.Replace("\"", "", StringComparison.Ordinal) == text.Replace("\"", "", StringComparison.Ordinal)
            select parsed);
        Assert.Equal((trace, span), (line.GetProperty("@tr").GetString(), line.GetProperty("@sp").GetString()));
        Assert.Equal(Dataset, line.GetProperty("dataset").GetString());
        Assert.Equal(TimeSpan.Zero, TimeSpan.FromTicks(line.GetProperty("@t").GetDateTimeOffset().Offset.Ticks));
    }

    private static string[] Lines(ServiceProcess service, string text) =>
        [.. service.Log.Split('\n').Where(line => line.Contains(text, StringComparison.Ordinal))];

    private Task<ServiceProcess> StartAsync(
        TemporaryFolder folder, out Api api, out HttpClient http, params (string Name, string Value)[] variables)
    {
        int port = ServiceProcess.FreePort();
        var service = ServiceProcess.Start(
            database.ConnectionString,
            Path.Combine(folder.Path, "spool"),
            port,
            [
                ("OTEL_BSP_SCHEDULE_DELAY", "100"), ("OTEL_BLRP_SCHEDULE_DELAY", "100"), ("OTEL_METRIC_EXPORT_INTERVAL", "250"),
                .. variables,
            ]);
        http = new HttpClient { BaseAddress = ServiceProcess.AddressOf(port) };
        api = new Api(http);
        return WhenReadyAsync(service);
    }

    private static async Task<ServiceProcess> WhenReadyAsync(ServiceProcess service)
    {
        Assert.True(await service.WaitUntilReadyAsync(Token), service.Log);
        return service;
    }

    /// <summary>Date, time, zone and level.</summary>
    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d [A-Z]{3} ")]
    private static partial Regex TextLine();
}
