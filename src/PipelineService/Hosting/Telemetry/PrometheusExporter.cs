using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// <c>GET /metrics</c>: collects when it is asked, one scrape at a time. Written here because the packages for it are
/// prereleases; it is small, and the format is frozen.
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock _scraping = new();
    private PrometheusText _text = new();

    /// <summary>Set by the reader.</summary>
    public Func<int, bool>? Collect { get; set; }

    public string Scrape()
    {
        lock (_scraping)
        {
            _text = new PrometheusText();
            Collect?.Invoke(Timeout.Infinite);
            return _text.ToString();
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        foreach (Metric metric in batch)
        {
            _text.Add(metric);
        }

        return ExportResult.Success;
    }
}
