using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Datasets.Models;

/// <summary>
/// Models that are loaded: each version once for all jobs that use it, as long as one does, and behind that until others take its place:
/// no more than <see cref="DatasetsOptions.ModelsKeptMax"/> are kept that nobody uses. Where no dataset has a model, nothing of the runtime
/// that scores is ever loaded.
/// </summary>
public sealed class ModelSessions : IDisposable
{
    private readonly ModelStore _store;
    private readonly ModelMetrics _metrics;
    private readonly IOptions<DatasetsOptions> _options;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, int Version), Entry> _entries = [];
    private long _clock;
    private bool _isDisposed;

    public ModelSessions(ModelStore store, ModelMetrics metrics, IOptions<DatasetsOptions> options)
    {
        (_store, _metrics, _options) = (store, metrics, options);
        metrics.Observe(() => Count);
    }

    /// <summary>How many are loaded.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>A version, loaded.</summary>
    /// <exception cref="JobFaultException">There is no such version any more.</exception>
    internal async Task<ModelLease> TakeAsync(string name, int version, CancellationToken cancellationToken)
    {
        Entry entry;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_entries.TryGetValue((name, version), out Entry? known))
            {
                known = new Entry();
                known.Loading = Task.Run(() => LoadAsync(name, version, known), CancellationToken.None);
                _entries.Add((name, version), known);
            }

            entry = known;
            entry.Users++;
        }

        ModelLease lease = new(() => Release(entry));
        try
        {
            lease.Model = await entry.Loading.WaitAsync(cancellationToken);
            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Forget(kept: 0);
        }
    }

    private async Task<OnnxModel> LoadAsync(string name, int version, Entry entry)
    {
        try
        {
            ModelFile file = await _store.ReadAsync(name, version, CancellationToken.None)
                ?? throw new JobFaultException(ModelProblems.Missing(ModelPins.Shown(name, version)));
            return new OnnxModel(file.Bytes, file.Signature) { Counts = _metrics.Of(name) };
        }
        catch
        {
            lock (_lock)
            {
                if (_entries.GetValueOrDefault((name, version)) == entry)
                {
                    _entries.Remove((name, version)); // whoever comes next tries again
                }
            }

            throw;
        }
    }

    private void Release(Entry entry)
    {
        lock (_lock)
        {
            entry.LastUsed = ++_clock;
            entry.Users--;
            Forget(_isDisposed ? 0 : _options.Value.ModelsKeptMax);
        }
    }

    /// <summary>Lets go of models that nobody uses, those first that were used least lately.</summary>
    private void Forget(int kept)
    {
        foreach (((string, int) key, Entry entry) in
            _entries.Where(e => e.Value.Users == 0).OrderByDescending(e => e.Value.LastUsed).Skip(kept).ToArray())
        {
            _entries.Remove(key);
            _ = DisposeAsync(entry);
        }
    }

    private static async Task DisposeAsync(Entry entry)
    {
        try
        {
            (await entry.Loading).Dispose();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It could not be loaded: there is nothing to let go of.
        }
    }

    private sealed class Entry
    {
        public Task<OnnxModel> Loading { get; set; } = null!;

        public int Users { get; set; }

        public long LastUsed { get; set; }
    }
}

/// <summary>The right to use a loaded model; disposed of when it is not used any more.</summary>
internal sealed class ModelLease(Action release) : IDisposable
{
    private Action? _release = release;

    public OnnxModel Model { get; set; } = null!;

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
