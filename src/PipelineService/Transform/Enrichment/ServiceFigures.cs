using PipelineService.Hosting.Telemetry;

namespace PipelineService.Transform.Enrichment;

/// <summary>What is counted of one service.</summary>
internal sealed class ServiceFigures(string service, EnrichmentMetrics? metrics)
{
    /// <summary>A try has ended.</summary>
    /// <param name="outcome">Its fault, or that it was answered.</param>
    public void Called(string outcome) => metrics?.Called(service, outcome);

    /// <summary>A call is tried again.</summary>
    public void Retried() => metrics?.Retried(service);

    /// <summary>Questions were answered.</summary>
    /// <param name="fresh">From memory.</param>
    /// <param name="asked">By the service, or not at all.</param>
    /// <param name="stale">From memory, past their time, because the service gave no answer.</param>
    public void Answered(int fresh, int asked, int stale) => metrics?.Answered(service, fresh, asked, stale);
}
