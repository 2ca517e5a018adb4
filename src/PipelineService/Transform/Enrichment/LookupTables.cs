using Microsoft.Extensions.Options;
using PipelineService.Core.Lookups;
using PipelineService.Datasets.Lookups;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Transform.Enrichment;

/// <summary>
/// Rows of datasets that are looked up, in memory: read once for all jobs that need the same columns of the same version, and kept as long
/// as a job uses them, and behind that until others need the room. All together they take no more than
/// <see cref="TransformOptions.LookupBytes"/>; whoever finds no room asks chunk by chunk.
/// </summary>
public sealed class LookupTables : IDisposable
{
    /// <summary>Versions that are known, those that are too large included.</summary>
    private const int EntriesMax = 1_000;

    private readonly LookupVersions _versions;
    private readonly PipelineMetrics _metrics;
    private readonly long _bytesMax;
    private readonly SemaphoreSlim _sessions;
    private readonly Lock _lock = new();
    private readonly Dictionary<Key, Entry> _entries = [];
    private long _clock;

    public LookupTables(LookupVersions versions, PipelineMetrics metrics, IOptions<TransformOptions> options)
    {
        (_versions, _metrics, _bytesMax) = (versions, metrics, options.Value.LookupBytes);
        _sessions = new SemaphoreSlim(options.Value.LookupSessionsMax);
        metrics.ObserveGauge(
            "pipeline.lookup.bytes", "By", "Memory that rows of datasets take which are looked up.", () => Bytes);
    }

    public void Dispose() => _sessions.Dispose();

    /// <summary>Bytes that the tables take, those that are being read by what they may come to.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _entries.Values.Sum(entry => entry.Bytes);
            }
        }
    }

    /// <summary>All rows of a version, or none where they are too many.</summary>
    /// <param name="job">The job that loaded the version.</param>
    /// <param name="use">The columns that are needed.</param>
    /// <param name="bytesMax">How much memory they may take.</param>
    public async Task<LookupLease> TakeAsync(Guid job, LookupUse use, long bytesMax, CancellationToken cancellationToken)
    {
        Key key = new(job, string.Join('\0', use.Columns.Select(column => $"{column.Kind} {column.Name}")), use.Key.Length);
        Entry entry;
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out Entry? known))
            {
                long room = Math.Min(bytesMax, MakeRoom(bytesMax));
                known = new Entry(room, isWanted: room == bytesMax);
                known.Reading = room == 0
                    ? Task.FromResult<LookupTable?>(null)
                    : Task.Run(() => ReadAsync(key, known, use), CancellationToken.None);
                _entries.Add(key, known);
            }

            entry = known;
            entry.Users++;
        }

        LookupLease lease = new(() => Release(key, entry));
        try
        {
            lease.Table = await entry.Reading.WaitAsync(cancellationToken);
            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>The rows of what a chunk asks, in one query, without any session that writes.</summary>
    public async Task<LookupTable> AskAsync(Guid job, LookupUse use, ChunkQuestions questions, CancellationToken cancellationToken)
    {
        if (questions.Count == 0)
        {
            return new LookupTable(use);
        }

        await _sessions.WaitAsync(cancellationToken);
        try
        {
            _metrics.LookupAsked(use.Dataset, questions.Count);
            return await _versions.AskAsync(job, use, questions, cancellationToken);
        }
        finally
        {
            _sessions.Release();
        }
    }

    private async Task<LookupTable?> ReadAsync(Key key, Entry entry, LookupUse use)
    {
        await _sessions.WaitAsync(CancellationToken.None);
        try
        {
            LookupTable? rows = await _versions.ReadAsync(key.Job, use, entry.Bytes, CancellationToken.None);
            lock (_lock)
            {
                entry.Bytes = rows?.Bytes ?? 0;
                entry.IsTooLarge = rows is null && entry.IsWanted;
            }

            return rows;
        }
        catch
        {
            lock (_lock)
            {
                entry.Bytes = 0;
                _entries.Remove(key); // whoever comes next tries again
            }

            throw;
        }
        finally
        {
            _sessions.Release();
        }
    }

    private void Release(Key key, Entry entry)
    {
        lock (_lock)
        {
            entry.LastUsed = ++_clock;
            if (--entry.Users == 0 && entry is { Bytes: 0, IsTooLarge: false } && _entries.GetValueOrDefault(key) == entry)
            {
                _entries.Remove(key); // there was no room: there may be the next time
            }
        }
    }

    /// <summary>Lets go of tables that nobody uses, those first that were used least lately.</summary>
    /// <returns>How many bytes are free.</returns>
    private long MakeRoom(long wanted)
    {
        long free = _bytesMax - _entries.Values.Sum(entry => entry.Bytes);
        foreach ((Key key, Entry entry) in _entries.Where(e => e.Value.Users == 0).OrderBy(e => e.Value.LastUsed).ToArray())
        {
            if (free >= wanted && _entries.Count < EntriesMax)
            {
                break;
            }

            _entries.Remove(key);
            free += entry.Bytes;
        }

        return Math.Max(0, free);
    }

    private sealed record Key(Guid Job, string Columns, int KeyLength);

    private sealed class Entry(long bytes, bool isWanted)
    {
        /// <summary>Whether it has had as much room as it may have at all.</summary>
        public bool IsWanted { get; } = isWanted;

        /// <summary>Whether there is no use in reading it again.</summary>
        public bool IsTooLarge { get; set; }

        public Task<LookupTable?> Reading { get; set; } = Task.FromResult<LookupTable?>(null);

        public int Users { get; set; }

        public long LastUsed { get; set; }

        public long Bytes { get; set; } = bytes;
    }
}

/// <summary>The right to use a table; disposed of when it is not used any more.</summary>
public sealed class LookupLease(Action release) : IDisposable
{
    private Action? _release = release;

    /// <summary>The rows; null where they do not fit in memory.</summary>
    public LookupTable? Table { get; set; }

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
