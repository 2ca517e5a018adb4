using System.Diagnostics.Metrics;

namespace PipelineService.Hosting.Telemetry;

/// <summary>What is counted and measured of the services that are asked, by their names, of which the configuration has a few.</summary>
public sealed class EnrichmentMetrics
{
    private readonly Meter _meter;
    private readonly Counter<long> _calls;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _answers;
    private readonly Counter<double> _waited;
    private readonly Counter<long> _gaps;

    public EnrichmentMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(PipelineMetrics.MeterName);
        _calls = _meter.CreateCounter<long>(
            "pipeline.enrichment.calls", "{call}", "Calls of a service by what came of them, each try for itself.");
        _retries = _meter.CreateCounter<long>("pipeline.enrichment.retries", "{retry}", "Calls that were tried again.");
        _answers = _meter.CreateCounter<long>(
            "pipeline.enrichment.answers", "{answer}",
            "Questions, each once a chunk: answered from memory (hit), asked (miss), or answered from memory past their time (stale).");
        _waited = _meter.CreateCounter<double>("pipeline.enrichment.wait", "s", "Time that chunks have waited for answers.");
        _gaps = _meter.CreateCounter<long>(
            "pipeline.enrichment.gaps", "{gap}", "Values that rows lack because a service gave no answer: left, and filled later.");
    }

    public void Called(string service, string outcome) => _calls.Add(1, Label("service", service), Label("outcome", outcome));

    public void Retried(string service) => _retries.Add(1, Label("service", service));

    /// <param name="hits">From memory.</param>
    /// <param name="misses">Asked.</param>
    /// <param name="stale">From memory past their time.</param>
    public void Answered(string service, int hits, int misses, int stale)
    {
        Count(hits, "hit");
        Count(misses, "miss");
        Count(stale, "stale");

        void Count(int answers, string from)
        {
            if (answers > 0)
            {
                _answers.Add(answers, Label("service", service), Label("from", from));
            }
        }
    }

    /// <summary>A chunk has waited for its answers.</summary>
    public void Waited(string service, TimeSpan time) => _waited.Add(time.TotalSeconds, Label("service", service));

    /// <summary>Gaps were left in rows, or filled.</summary>
    public void Gaps(string service, long count, string state)
    {
        if (count > 0)
        {
            _gaps.Add(count, Label("service", service), Label("state", state));
        }
    }

    /// <summary>What is known of each service at any time.</summary>
    /// <param name="services">The name of each, the state of its circuit and the memory that its answers take.</param>
    /// <param name="parked">Chunks that wait for answers.</param>
    public void Observe(Func<IEnumerable<(string Service, int Circuit, long CacheBytes)>> services, Func<int> parked)
    {
        _meter.CreateObservableGauge(
            "pipeline.enrichment.circuit",
            () => services().Select(service => new Measurement<int>(service.Circuit, Label("service", service.Service))),
            description: "The breaker around a service: 0 closed, 1 open, 2 half-open.");
        _meter.CreateObservableGauge(
            "pipeline.enrichment.cache.bytes",
            () => services().Select(service => new Measurement<long>(service.CacheBytes, Label("service", service.Service))),
            "By",
            "Memory that remembered answers take.");
        _meter.CreateObservableGauge("pipeline.enrichment.parked", parked, "{chunk}", "Chunks that wait for answers.");
    }

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
