using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// What the service counts and measures: one method per event, so that names, units and labels stand in one place. Recorded
/// per upload and per chunk, never per record.
/// </summary>
public sealed class PipelineMetrics
{
    public const string MeterName = "PipelineService";

    /// <summary>Distinct values of a label that clients choose. Further ones are counted together, as "other".</summary>
    internal const int LabelValuesMax = 200;

    private readonly Meter _meter;
    private readonly Counter<long> _uploads;
    private readonly Counter<long> _uploadBytes;
    private readonly Counter<long> _records;
    private readonly Histogram<double> _chunkDuration;
    private readonly Histogram<double> _jobDuration;
    private readonly Counter<long> _databaseRetries;
    private readonly Counter<long> _connectionsDisplaced;
    private readonly Counter<long> _connectionsRefused;
    private readonly ConcurrentDictionary<string, byte> _sources = new(StringComparer.Ordinal);

    public PipelineMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _uploads = _meter.CreateCounter<long>(
            "pipeline.uploads", "{upload}", "Uploads that were received completely.");
        _uploadBytes = _meter.CreateCounter<long>(
            "pipeline.upload.bytes", "By", "Bytes of uploads, as they arrived.");
        _records = _meter.CreateCounter<long>(
            "pipeline.records", "{record}", "Records by what became of them: loaded, rejected or filtered.");
        _chunkDuration = _meter.CreateHistogram(
            "pipeline.chunk.duration",
            "s",
            "Time from taking a chunk to having it written.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        _jobDuration = _meter.CreateHistogram(
            "pipeline.job.duration",
            "s",
            "Time from the first byte of an upload to the end of its job.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 7200] });
        _databaseRetries = _meter.CreateCounter<long>(
            "pipeline.database.retries", "{retry}", "Attempts that were repeated after a transient fault.");
        _connectionsDisplaced = _meter.CreateCounter<long>(
            "pipeline.connections.displaced", "{connection}", "Idle connections that were ended because all places were taken.");
        _connectionsRefused = _meter.CreateCounter<long>(
            "pipeline.connections.refused", "{connection}", "Connections refused because all places had a request in progress.");
    }

    public void UploadReceived(string dataset, string? source, long bytes)
    {
        var datasetLabel = new KeyValuePair<string, object?>("dataset", dataset);
        var sourceLabel = new KeyValuePair<string, object?>("source", Bounded(source));
        _uploads.Add(1, datasetLabel, sourceLabel);
        _uploadBytes.Add(bytes, datasetLabel, sourceLabel);
    }

    /// <summary>A chunk's records have found their places. Loaded records may still be rolled back with their job.</summary>
    public void ChunkWritten(string dataset, long loaded, long rejected, long filtered, TimeSpan duration)
    {
        var datasetLabel = new KeyValuePair<string, object?>("dataset", dataset);
        Count(loaded, "loaded");
        Count(rejected, "rejected");
        Count(filtered, "filtered");
        _chunkDuration.Record(duration.TotalSeconds, datasetLabel);

        void Count(long records, string outcome)
        {
            if (records > 0)
            {
                _records.Add(records, datasetLabel, new("outcome", outcome));
            }
        }
    }

    public void JobFinished(string dataset, string? source, string state, TimeSpan duration) => _jobDuration.Record(
        duration.TotalSeconds, new("dataset", dataset), new("source", Bounded(source)), new("state", state));

    public void DatabaseRetried() => _databaseRetries.Add(1);

    public void ConnectionDisplaced() => _connectionsDisplaced.Add(1);

    public void ConnectionRefused() => _connectionsRefused.Add(1);

    /// <summary>Chunks that wait for a worker, and how many may.</summary>
    public void ObserveChannel(Func<int> depth, int capacity)
    {
        _meter.CreateObservableGauge("pipeline.channel.depth", depth, "{chunk}", "Chunks that wait for a worker.");
        _meter.CreateObservableGauge("pipeline.channel.capacity", () => capacity, "{chunk}", "Chunks that may wait.");
    }

    /// <summary>0 closed, 1 open, 2 half-open.</summary>
    public void ObserveCircuit(Func<int> state) => _meter.CreateObservableGauge(
        "pipeline.database.circuit", state, description: "The breaker around the database: 0 closed, 1 open, 2 half-open.");

    /// <summary>A quantity that a stage knows at any time, such as the free space of the spool.</summary>
    public void ObserveGauge(string name, string unit, string description, Func<long> value) =>
        _meter.CreateObservableGauge(name, value, unit, description);

    private string Bounded(string? source)
    {
        if (string.IsNullOrEmpty(source))
        {
            return "";
        }

        // The count may be passed by a few when threads race; it is a bound on memory, not a promise.
        return _sources.ContainsKey(source) || (_sources.Count < LabelValuesMax && _sources.TryAdd(source, 0))
            ? source
            : "other";
    }
}
