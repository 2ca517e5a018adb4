using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Sources;

/// <summary>
/// What is counted and measured of sources, by their names, of which there are <see cref="SourcesOptions.SourcesMax"/> at most.
/// </summary>
internal sealed class SourceMetrics
{
    private readonly ConcurrentDictionary<string, SourceLag> _lags = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _failing = new(StringComparer.Ordinal);
    private readonly BoundedLabel _names = new(1_000);
    private readonly Counter<long> _objects;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _messages;

    public SourceMetrics(IMeterFactory meters, TimeProvider time)
    {
        Meter meter = meters.Create(PipelineMetrics.MeterName);
        _objects = meter.CreateCounter<long>(
            "pipeline.sources.objects", "{object}", "What sources have taken as uploads, and what they could not take for good.");
        _bytes = meter.CreateCounter<long>("pipeline.sources.bytes", "By", "Bytes of what they have taken.");
        _messages = meter.CreateCounter<long>(
            "pipeline.sources.messages", "{message}", "Messages that sources have taken from queues.");
        meter.CreateObservableGauge(
            "pipeline.sources.waiting", () => Of(lag => lag.Objects), "{object}", "What the last look has found and is not taken.");
        meter.CreateObservableGauge(
            "pipeline.sources.waiting.bytes", () => Of(lag => lag.Bytes, lag => lag.Bytes != SourceLag.UnknownBytes), "By",
            "Bytes of that.");
        meter.CreateObservableGauge(
            "pipeline.sources.waiting.age",
            () => Of(lag => lag.Since is { } since ? Math.Max(0, (time.GetUtcNow() - since).TotalSeconds) : 0),
            "s",
            "Since when the oldest of it has been as it is.");
        meter.CreateObservableGauge(
            "pipeline.sources.failing", () => _failing.Count, "{source}", "Sources that cannot be looked at, of those looked after here.");
    }

    /// <summary>Why sources that this instance looks after cannot be looked at, by their names.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Failing => [.. _failing];

    public void Took(string source, long bytes)
    {
        _objects.Add(1, Label(source), new("outcome", "taken"));
        _bytes.Add(bytes, Label(source));
    }

    public void TookMessages(string source, int count) => _messages.Add(count, Label(source));

    public void Refused(string source) => _objects.Add(1, Label(source), new("outcome", "refused"));

    public void Saw(string source, SourceLag lag) => _lags[source] = lag;

    public void Failed(string source, string reason) => _failing[source] = reason;

    public void GotOn(string source) => _failing.TryRemove(source, out _);

    /// <summary>It is looked after elsewhere, or by nobody.</summary>
    public void Forget(string source)
    {
        _lags.TryRemove(source, out _);
        _failing.TryRemove(source, out _);
    }

    private IEnumerable<Measurement<T>> Of<T>(Func<SourceLag, T> value, Func<SourceLag, bool>? isKnown = null)
        where T : struct =>
        from lag in _lags
        where isKnown?.Invoke(lag.Value) ?? true
        select new Measurement<T>(value(lag.Value), Label(lag.Key));

    private KeyValuePair<string, object?> Label(string source) => new("name", _names.Of(source));
}
