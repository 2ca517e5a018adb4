using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// What the service counts and measures: one method per event, so that names, units and labels stand in one place. Recorded
/// per upload, per chunk and per job, never per record. What has no labels is there from the start, as 0: of a counter that comes
/// into being with its first event nobody sees that event.
/// </summary>
public sealed class PipelineMetrics
{
    public const string MeterName = "PipelineService";

    internal const string Records = "pipeline.records";
    internal const string JobsFinished = "pipeline.jobs.finished";

    /// <summary>Tenants, and datasets of nobody, whose jobs in the queue are kept apart: those who have the most of them at the moment.</summary>
    internal const int PartiesMax = 20;

    private static readonly InstrumentAdvice<double> Moments =
        new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] };

    private static readonly InstrumentAdvice<double> Whiles =
        new() { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 7200] };

    private readonly Meter _meter;
    private readonly Counter<long> _uploads;
    private readonly Counter<long> _uploadBytes;
    private readonly Counter<long> _decodedBytes;
    private readonly Histogram<double> _acceptDuration;
    private readonly Counter<long> _records;
    private readonly Counter<long> _sourceRecords;
    private readonly Counter<long> _rejects;
    private readonly Counter<long> _opRecords;
    private readonly Counter<long> _chunkRecords;
    private readonly Histogram<double> _chunkDuration;
    private readonly Counter<long> _jobsFinished;
    private readonly Counter<long> _jobsFailed;
    private readonly Histogram<double> _jobDuration;
    private readonly Histogram<double> _commitLatency;
    private readonly MetricLabels _labels;
    private readonly Counter<long> _lookupKeys;
    private readonly Counter<long> _webhookAttempts;
    private readonly Histogram<double> _webhookDuration;
    private readonly ConcurrentDictionary<string, long> _refused = new(StringComparer.Ordinal);
    private long _retries;
    private long _displaced;
    private long _refusedConnections;

    public PipelineMetrics(IMeterFactory meters)
        : this(meters, new HostingOptions())
    {
    }

    /// <param name="bounds">How many values of labels are kept apart; there are as many combinations as datasets.</param>
    internal PipelineMetrics(IMeterFactory meters, HostingOptions bounds)
    {
        _labels = new MetricLabels(bounds);
        _meter = meters.Create(MeterName);
        _uploads = _meter.CreateCounter<long>("pipeline.uploads", "{upload}", "Uploads that were received completely.");
        _uploadBytes = _meter.CreateCounter<long>("pipeline.upload.bytes", "By", "Bytes of uploads, as they arrived.");
        _acceptDuration = _meter.CreateHistogram(
            "pipeline.accept.duration", "s", "Time from the last byte of an upload to its being durable and registered.", advice: Moments);
        _decodedBytes = _meter.CreateCounter<long>(
            "pipeline.decoded.bytes", "By", "Bytes that compressed uploads were decoded to, in every attempt at loading them.");
        _meter.CreateObservableCounter(
            "pipeline.uploads.refused", Refused, "{upload}", "Uploads that were not taken, by the code of the answer.");
        _records = _meter.CreateCounter<long>(
            Records, "{record}", "Records by what became of them for good: loaded, rejected or filtered.");
        _sourceRecords = _meter.CreateCounter<long>(
            "pipeline.source.records", "{record}", "The same records by who sent them, whatever the dataset.");
        _rejects = _meter.CreateCounter<long>("pipeline.rejects", "{record}", "Rejected records by their first reason.");
        _opRecords = _meter.CreateCounter<long>(
            "pipeline.transform.records", "{record}",
            "Records that an op left out (filter), or gave something else than the rest (any other op).");
        _lookupKeys = _meter.CreateCounter<long>(
            "pipeline.lookup.keys", "{key}", "Keys of a dataset that is looked up and does not fit in memory, each once a chunk.");
        _webhookAttempts = _meter.CreateCounter<long>(
            "pipeline.webhook.attempts", "{attempt}",
            "Deliveries that were sent, by what came of it: delivered, retried later, or failed for good.");
        _webhookDuration = _meter.CreateHistogram(
            "pipeline.webhook.duration", "s", "Time from a delivery to its answer.", advice: Moments);
        _chunkRecords = _meter.CreateCounter<long>(
            "pipeline.chunk.records", "{record}", "Records of chunks that were written, committed or not yet.");
        _chunkDuration = _meter.CreateHistogram(
            "pipeline.chunk.duration", "s", "Time from taking a chunk to having it written.", advice: Moments);
        _jobsFinished = _meter.CreateCounter<long>(JobsFinished, "{job}", "Jobs that ended, by their final state.");
        _jobsFailed = _meter.CreateCounter<long>("pipeline.jobs.failed", "{job}", "Jobs that failed, by the code of the reason.");
        _jobDuration = _meter.CreateHistogram(
            "pipeline.job.duration", "s", "Time from the first byte of an upload to the end of its job.", advice: Whiles);
        _commitLatency = _meter.CreateHistogram(
            "pipeline.commit.latency", "s", "Time from the last byte of an upload to its rows visible.", advice: Whiles);
        _meter.CreateObservableCounter(
            "pipeline.database.retries", () => Volatile.Read(ref _retries), "{retry}",
            "Attempts that were repeated after a transient fault.");
        _meter.CreateObservableCounter(
            "pipeline.connections.displaced", () => Volatile.Read(ref _displaced), "{connection}",
            "Idle connections that were ended because all places were taken.");
        _meter.CreateObservableCounter(
            "pipeline.connections.refused", () => Volatile.Read(ref _refusedConnections), "{connection}",
            "Connections refused because all places had a request in progress.");
    }

    public void UploadReceived(string dataset, string? source, long bytes)
    {
        (KeyValuePair<string, object?> datasetLabel, KeyValuePair<string, object?> sourceLabel) = _labels.Of(dataset, source);
        _uploads.Add(1, datasetLabel, sourceLabel);
        _uploadBytes.Add(bytes, datasetLabel, sourceLabel);
    }

    /// <summary>An upload is durable and registered: its sender is about to be answered.</summary>
    /// <param name="duration">Since its last byte.</param>
    public void UploadTaken(TimeSpan duration) => _acceptDuration.Record(duration.TotalSeconds);

    /// <summary>An attempt has read a compressed upload, as far as it came.</summary>
    /// <param name="coding">What was undone.</param>
    /// <param name="bytes">What it was decoded to.</param>
    public void BytesDecoded(string dataset, string coding, long bytes) =>
        _decodedBytes.Add(bytes, Label("dataset", _labels.Datasets.Of(dataset)), Label("coding", _labels.Codings.Of(coding)));

    /// <summary>Codes with which uploads may be refused, so that each is there before it happens.</summary>
    public void ExpectRefusals(IEnumerable<string> codes)
    {
        foreach (string code in codes)
        {
            _refused.TryAdd(code, 0);
        }
    }

    public void UploadRefused(string code) => _refused.AddOrUpdate(code, 1, static (_, count) => count + 1);

    /// <summary>A chunk's records are in the database. They may still be rolled back with their job.</summary>
    public void ChunkWritten(string dataset, long records, TimeSpan duration)
    {
        _chunkRecords.Add(records, Label("dataset", _labels.Datasets.Of(dataset)));
        _chunkDuration.Record(duration.TotalSeconds, Label("dataset", _labels.Measured.Of(dataset)));
    }

    /// <summary>So many different keys of a dataset that is looked up were asked for, in one query.</summary>
    public void LookupAsked(string dataset, long keys) => _lookupKeys.Add(keys, Label("dataset", _labels.Datasets.Of(dataset)));

    /// <summary>A delivery was sent.</summary>
    /// <param name="outcome"><c>delivered</c>, <c>retried</c> or <c>failed</c>.</param>
    public void WebhookAnswered(string outcome, TimeSpan duration)
    {
        _webhookAttempts.Add(1, Label("outcome", outcome));
        _webhookDuration.Record(duration.TotalSeconds);
    }

    /// <summary>What has become of records is final: their rows are committed, or their dead letters stay.</summary>
    /// <param name="isLoaded">False when the job failed or was cancelled: of what it held only the rejects are kept.</param>
    public void RecordsSettled(string dataset, string? source, RecordTally tally, bool isLoaded = true)
    {
        RecordCounts counts = tally.Counts;
        Count(isLoaded ? counts.Loaded : 0, "loaded");
        Count(isLoaded ? counts.Filtered : 0, "filtered");
        Count(counts.Rejected, "rejected");
        string label = _labels.Datasets.Of(dataset);
        foreach ((RecordErrorCode code, long records) in tally.Rejects)
        {
            string name = RecordErrorCodes.NameOf(code);
            _rejects.Add(records, Label("dataset", _labels.DatasetsOfRejects.SecondOf(name, label)), Label("code", name));
        }

        foreach (OpCount op in isLoaded ? tally.Ops : [])
        {
            string name = op.Name ?? string.Create(CultureInfo.InvariantCulture, $"{op.Index} {op.Op}");
            _opRecords.Add(op.Records, Label("dataset", label), Label("op", _labels.OpsOfDatasets.SecondOf(label, name)));
        }

        void Count(long records, string outcome)
        {
            if (records > 0)
            {
                (KeyValuePair<string, object?> datasetLabel, KeyValuePair<string, object?> sourceLabel) = _labels.Of(dataset, source);
                _records.Add(records, datasetLabel, sourceLabel, Label("outcome", outcome));
                _sourceRecords.Add(records, Label("source", _labels.Sources.Of(source)), Label("outcome", outcome));
            }
        }
    }

    /// <param name="code">Of the reason, when it failed.</param>
    public void JobFinished(string dataset, string state, string? code, TimeSpan duration)
    {
        string label = _labels.Datasets.Of(dataset);
        _jobsFinished.Add(1, Label("dataset", label), Label("state", state));
        _jobDuration.Record(duration.TotalSeconds, Label("state", state));
        if (code is not null)
        {
            _jobsFailed.Add(1, Label("dataset", _labels.DatasetsOfFailures.SecondOf(code, label)), Label("code", code));
        }
    }

    /// <summary>A job's rows can be seen, all of them.</summary>
    /// <param name="latency">Since the last byte of its upload.</param>
    public void RowsVisible(string dataset, TimeSpan latency) =>
        _commitLatency.Record(latency.TotalSeconds, Label("dataset", _labels.Measured.Of(dataset)));

    public void DatabaseRetried() => Interlocked.Increment(ref _retries);

    public void ConnectionDisplaced() => Interlocked.Increment(ref _displaced);

    public void ConnectionRefused() => Interlocked.Increment(ref _refusedConnections);

    /// <summary>Chunks that wait for a worker, and how many may.</summary>
    public void ObserveChannel(Func<int> depth, int capacity)
    {
        _meter.CreateObservableGauge("pipeline.channel.depth", depth, "{chunk}", "Chunks that wait for a worker.");
        _meter.CreateObservableGauge("pipeline.channel.capacity", () => capacity, "{chunk}", "Chunks that may wait.");
    }

    /// <summary>0 closed, 1 open, 2 half-open.</summary>
    public void ObserveCircuit(Func<int> state) => _meter.CreateObservableGauge(
        "pipeline.database.circuit", state, description: "The breaker around the database: 0 closed, 1 open, 2 half-open.");

    /// <summary>Jobs that are not final, for how long the oldest of those has waited that nobody runs, and whose these are.</summary>
    /// <param name="backlog">How long the queue takes at the pace of the last minutes in which jobs ended.</param>
    public void ObserveJobs(
        Func<IEnumerable<(JobState State, long Jobs)>> states, Func<TimeSpan> oldest, Func<IEnumerable<(string Party, long Jobs)>> parties,
        Func<TimeSpan> backlog)
    {
        _meter.CreateObservableGauge(
            "pipeline.backlog", () => backlog().TotalSeconds, "s",
            "How long the queue takes at the pace of the last minutes in which jobs ended; 0 when it is empty.");
        _meter.CreateObservableGauge(
            "pipeline.queue.jobs",
            () => parties().Select(entry => new Measurement<long>(entry.Jobs, Label("tenant", entry.Party))),
            "{job}",
            "Jobs in the queue by tenant, or dataset:name of a dataset of nobody: the 20 with the most, and \"other\".");
        _meter.CreateObservableGauge(
            "pipeline.jobs",
            () => states().Select(entry => new Measurement<long>(entry.Jobs, Label("state", entry.State.ToText()))),
            "{job}",
            "Jobs that are not final: received and run here, and queued in the spool.");
        _meter.CreateObservableGauge(
            "pipeline.queue.age", () => oldest().TotalSeconds, "s", "Age of the oldest job in the queue; 0 when none waits.");
    }

    /// <summary>A quantity that a stage knows at any time, such as the free space of the spool.</summary>
    public void ObserveGauge(string name, string unit, string description, Func<long> value) =>
        _meter.CreateObservableGauge(name, value, unit, description);

    /// <summary>The same of what only grows.</summary>
    public void ObserveCounter(string name, string unit, string description, Func<long> value) =>
        _meter.CreateObservableCounter(name, value, unit, description);

    private IEnumerable<Measurement<long>> Refused() =>
        _refused.Select(entry => new Measurement<long>(entry.Value, Label("code", entry.Key)));

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
