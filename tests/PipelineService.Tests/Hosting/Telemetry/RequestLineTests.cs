using Microsoft.Extensions.DependencyInjection;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using Serilog.Events;

namespace PipelineService.Tests.Hosting.Telemetry;

/// <summary>One line for each request, with the code of a refusal and what the request was about.</summary>
public sealed class RequestLineTests(RequestLineTests.RecordedService running) : IClassFixture<RequestLineTests.RecordedService>
{
    private static readonly string TraceId = $"{Guid.NewGuid():N}";

    [Fact]
    public async Task Names_the_code_of_a_refusal()
    {
        await running.Api.DeclareAsync("refused_in_log", Readings.Definition());

        await running.Api.UploadAsync(
            "refused_in_log", "<p>", "text/html", ("traceparent", $"00-{TraceId}-00f067aa0ba902b7-01"));

        LogLine line = Assert.Single(await LinesAsync(" /v1/datasets/refused_in_log/uploads answered 415"));
        Assert.StartsWith(
            "POST /v1/datasets/refused_in_log/uploads answered 415 unsupported_media_type in ", line.Text, StringComparison.Ordinal);
        Assert.Equal(
            ("unsupported_media_type", "refused_in_log", 415, TraceId),
            (line.Properties["Code"], line.Properties["dataset"], line.Properties["StatusCode"], line.TraceId));
    }

    [Fact]
    public async Task Names_the_job_that_an_upload_has_become()
    {
        await running.Api.DeclareAsync("taken_in_log", Readings.Definition());

        JobView job = await running.Api.LoadAsync("taken_in_log", Readings.Csv(1));
        await running.Api.GetAsync($"/v1/jobs/{job.Id}");

        LogLine upload = Assert.Single(await LinesAsync("POST /v1/datasets/taken_in_log/uploads answered 200 in "));
        LogLine look = Assert.Single(await LinesAsync($"GET /v1/jobs/{job.Id} answered 200 in "));
        Assert.Equal(("taken_in_log", job.Id), (upload.Properties["dataset"], upload.Properties["job"]));
        Assert.Equal($"{job.Id}", look.Properties["job"]);
        Assert.DoesNotContain("Code", upload.Properties.Keys);
    }

    [Fact]
    public async Task Writes_what_clients_send_as_they_send_it()
    {
        await running.Api.GetAsync("/v1/datasets/no%0Asuch");

        LogLine line = Assert.Single(await LinesAsync("GET /v1/datasets/no%0Asuch answered 400"));
        Assert.DoesNotContain('\n', (string)line.Properties["dataset"]!);
    }

    [Fact]
    public async Task Is_not_written_for_probes_and_scrapes_unless_they_are_looked_for()
    {
        await running.Api.GetAsync("/health/live");
        await running.Api.GetAsync("/metrics");

        Assert.Equal(LogEventLevel.Debug, Assert.Single(await LinesAsync("GET /health/live answered 200")).Level);
        Assert.Equal(LogEventLevel.Debug, Assert.Single(await LinesAsync("GET /metrics answered 200")).Level);
    }

    /// <summary>A line is written when its answer is on its way already.</summary>
    private async Task<LogLine[]> LinesAsync(string text)
    {
        await running.WhenDoneWithRequestsAsync();
        return [.. running.Log.Lines.Where(line => line.Text.Contains(text, StringComparison.Ordinal))];
    }

    /// <summary>Its log is kept.</summary>
    public sealed class RecordedService(PostgresServer server) : RunningService(server)
    {
        internal LogRecorder Log { get; } = new();

        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Serilog:MinimumLevel:Override:Serilog.AspNetCore.RequestLoggingMiddleware", "Debug")];

        protected override void Configure(IServiceCollection services) => Log.AddTo(services);
    }
}
