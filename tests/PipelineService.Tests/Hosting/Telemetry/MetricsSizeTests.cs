using System.Diagnostics;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Telemetry;
using PipelineService.Tests.Infrastructure;
using Text = System.Text.Encoding;

namespace PipelineService.Tests.Hosting.Telemetry;

/// <summary>However many datasets and sources there are, the metrics are of a bounded size, and what they say is true.</summary>
public sealed class MetricsSizeTests(MetricsSizeTests.FilledService running) : IClassFixture<MetricsSizeTests.FilledService>
{
    private const int Datasets = 500;
    private const int Sources = 200;
    private const int BytesMax = 2_000_000;

    /// <summary>With each combination the same.</summary>
    private static readonly RecordCounts Counts = new(Read: 10, Loaded: 6, Rejected: 3, Filtered: 1);

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/openmetrics-text")]
    public async Task Five_hundred_datasets_of_two_hundred_sources_are_less_than_two_megabytes(string form)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/metrics");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(form));

        long start = TimeProvider.System.GetTimestamp();
        using HttpResponseMessage answer = await running.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(form, answer.Content.Headers.ContentType!.MediaType);
        string body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage(
            "metrics: {0} bytes in {1} ms", body.Length, TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);

        // What libraries count is there for every service that tests of other classes run in this process.
        int own = body.Split('\n').Where(line => line.Contains("pipeline_", StringComparison.Ordinal)).Sum(line => Text.UTF8.GetByteCount(line) + 1);
        Assert.InRange(own, BytesMax / 10, BytesMax);
    }

    [Fact]
    public async Task Every_dataset_and_every_source_has_its_own_figures()
    {
        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);

        Assert.Equal(Sources * Counts.Loaded, page.Sum("pipeline_records_total", ("dataset", "dataset_499"), ("outcome", "loaded")));
        Assert.Equal(Datasets * Counts.Rejected, page.Sum("pipeline_source_records_total", ("source", "source_199"), ("outcome", "rejected")));
        Assert.Equal(Datasets * Sources * Counts.Read, page.Sum("pipeline_records_total"));
        Assert.Equal(Datasets * Sources * 2, page.Sum("pipeline_rejects_total", ("code", "minimum")));
        Assert.Equal(Sources, page.Sum("pipeline_jobs_finished_total", ("dataset", "dataset_499"), ("state", "failed")));
        Assert.Equal(Datasets * Sources, page.Sum("pipeline_jobs_failed_total", ("code", "target_held")));
        Assert.DoesNotContain("otel_metric_overflow", page.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_beyond_the_bounds_are_counted_together()
    {
        PipelineMetrics metrics = running.Service.Services.GetRequiredService<PipelineMetrics>();
        double before = (await MetricsPage.ReadAsync(running.Service.Client)).Sum("pipeline_uploads_total");

        metrics.UploadReceived("one_more", "one more", bytes: 1);

        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);
        Assert.Equal(1, page.Sum("pipeline_uploads_total", ("dataset", "other"), ("source", "other")));
        Assert.Equal(before + 1, page.Sum("pipeline_uploads_total"));
    }

    [Fact]
    public async Task Prometheus_own_tool_has_nothing_against_them()
    {
        string promtool = Assert.IsType<string>(FindPromtool() ?? Skipped());
        string text = (await MetricsPage.ReadAsync(running.Service.Client)).Text;
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(promtool, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true },
        };
        process.Start();
        Task<string> remarks = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardInput.WriteAsync(text.AsMemory(), TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        string[] lines = (await remarks).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.DoesNotContain(lines, line => line.StartsWith("error", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.StartsWith("pipeline_", StringComparison.Ordinal)); // others' names are others' matter
    }

    private static string? FindPromtool() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "promtool"))
        .FirstOrDefault(File.Exists);

    private static string Skipped()
    {
        Assert.Skip("There is no promtool here (Debian: apt-get install prometheus).");
        return "";
    }

    /// <summary>It has had 100,000 uploads, each from another sender or for another dataset.</summary>
    public sealed class FilledService(PostgresServer server) : RunningService(server)
    {
        private static readonly JobState[] Ends =
            [JobState.Succeeded, JobState.PartiallySucceeded, JobState.Failed, JobState.Cancelled];

        protected override Task PrepareAsync()
        {
            PipelineMetrics metrics = Service.Services.GetRequiredService<PipelineMetrics>();
            RecordTally tally = new();
            tally.Add(Counts);
            tally.AddReason(RecordErrorCode.TypeMismatch);
            tally.AddReason(RecordErrorCode.Minimum, 2);
            foreach (string dataset in Enumerable.Range(0, Datasets).Select(i => $"dataset_{i}"))
            {
                foreach (string source in Enumerable.Range(0, Sources).Select(i => $"source_{i}"))
                {
                    metrics.UploadReceived(dataset, source, bytes: 1_000);
                    metrics.ChunkWritten(dataset, Counts.Read, TimeSpan.FromMilliseconds(30));
                    metrics.RecordsSettled(dataset, source, tally);
                    metrics.RowsVisible(dataset, TimeSpan.FromSeconds(1));
                    foreach (JobState end in Ends)
                    {
                        metrics.JobFinished(dataset, end.ToText(), end == JobState.Failed ? "target_held" : null, TimeSpan.FromSeconds(2));
                    }
                }
            }

            return Task.CompletedTask;
        }
    }
}
