using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace PipelineService.Tests.Hosting.Telemetry;

/// <summary>Lines of a job say which job and which dataset, in text as in JSON; and a failed job's says why.</summary>
public sealed class LogScopesTests(LogScopesTests.RecordedService running) : IClassFixture<LogScopesTests.RecordedService>
{
    [Fact]
    public void Stands_on_text_lines_in_a_few_words()
    {
        List<LogEvent> events = [];
        using Logger serilog = new LoggerConfiguration().Enrich.With<LogScopes.AsText>().WriteTo.Sink(new Sink(events)).CreateLogger();
        using SerilogLoggerProvider provider = new(serilog);
        Microsoft.Extensions.Logging.ILogger logger = provider.CreateLogger("test");
        var job = Guid.CreateVersion7();

        using (logger.BeginJobScope("trips", job))
        {
            Write(logger, "within");
        }

        Write(logger, "outside");

        Assert.Equal(
            [$" dataset=trips job={job}", ""],
            events.Select(e => e.Properties[LogScopes.AsText.Property].ToString("l", null)));
    }

    [Fact]
    public void A_line_that_names_a_job_is_about_it_wherever_it_is_written()
    {
        List<LogEvent> events = [];
        using Logger serilog = new LoggerConfiguration().Enrich.With<LogScopes.JobOfLine>().WriteTo.Sink(new Sink(events)).CreateLogger();
        (var job, var other) = (Guid.CreateVersion7(), Guid.CreateVersion7());

        serilog.Information("The lease of {JobId} is lost.", job);
        serilog.ForContext("job", other).Information("{JobId} replaces it.", job);
        serilog.Information("Nothing happens.");

        Assert.Equal(
            [job, other, null],
            events.Select(e => (e.Properties.GetValueOrDefault("job") as ScalarValue)?.Value));
    }

    [Fact]
    public async Task Carries_job_and_dataset_on_every_line_of_a_job()
    {
        await running.Api.DeclareAsync("followed", Readings.Definition("'rejects': { 'maxCount': 1 }"));
        JobView job = await running.Api.LoadAsync("followed", Readings.Csv(3) + "bad,a,1\nbad,a,1\n");
        Assert.Equal(JobState.Failed, job.State);

        LogLine[] lines = [.. running.Log.Lines.Where(line => line.Text.Contains($"{job.Id}", StringComparison.Ordinal))
            .Where(line => line.Text.StartsWith("Job", StringComparison.Ordinal) || line.Text.StartsWith("Upload", StringComparison.Ordinal)
                || line.Text.StartsWith("Chunk", StringComparison.Ordinal))];

        Assert.Contains(lines, line => line.Text.StartsWith("Upload for followed received", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Text.StartsWith("Chunk", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Equal(("followed", job.Id), (line.Properties["dataset"], line.Properties["job"])));
    }

    [Fact]
    public async Task Says_of_a_failed_job_whose_it_was_and_why_on_one_line()
    {
        await running.Api.DeclareAsync("mismatched", Readings.Definition());
        using StringContent body = new("id,\"na\nme\",amount\n1,a,1\n", encoding: null, "text/csv");

        JobView job = (await running.Api.PostAsync(
            "/v1/datasets/mismatched/uploads?source=acme", body, ("Prefer", "wait=30"))).Job;

        LogLine line = Assert.Single(
            running.Log.Lines, line => line.Text.StartsWith($"Job {job.Id} of mismatched from acme failed, header_mismatch: ", StringComparison.Ordinal));
        Assert.Equal(LogEventLevel.Warning, line.Level);
        Assert.Contains(@"na\u000Ame", line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line.Text);
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("a\r\nb\u0085c\td", "a  b c d")]
    public void Writes_text_of_clients_on_one_line(string? text, string line) => Assert.Equal(line, LogScopes.OneLine(text));

    [Fact]
    public void Cuts_text_of_clients_and_marks_the_cut() =>
        Assert.Equal(new string('x', 1_000) + "…", LogScopes.OneLine(new string('x', 1_001)));

    private static void Write(Microsoft.Extensions.Logging.ILogger logger, string line) =>
        logger.Log(LogLevel.Information, default, line, exception: null, static (text, _) => text);

    private sealed class Sink(List<LogEvent> events) : ILogEventSink
    {
        public void Emit(LogEvent logEvent) => events.Add(logEvent);
    }

    /// <summary>Its log is kept.</summary>
    public sealed class RecordedService(PostgresServer server) : RunningService(server)
    {
        private readonly LogRecorder _log = new();

        internal LogRecorder Log => _log;

        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Serilog:MinimumLevel:Override:PipelineService", "Debug"), ("Jobs:WaitMax", "00:01:00")];

        protected override void Configure(IServiceCollection services) => _log.AddTo(services);
    }
}
