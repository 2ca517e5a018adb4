using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;

namespace PipelineService.Events;

/// <summary>An event in memory, and what streams send of it: the same bytes for all.</summary>
internal sealed record FedEvent(EventRow Row, byte[] Frame);

/// <summary>
/// The end of the log in memory, for all streams of this instance: it is read once from the database, whoever follows. Nobody is sent
/// anything from here. Each stream takes what it has not had yet, at its own pace; one that falls behind reads the database until it
/// has caught up. So a slow one costs nobody else, and nothing is kept for it.
/// </summary>
internal sealed class EventFeed : IDisposable
{
    /// <summary>Events in memory, of some 2 kB each.</summary>
    public const int RingMax = 2_048;

    /// <summary>Events that are read at once.</summary>
    private const int BatchMax = 512;

    /// <summary>Streams that catch up at once: they share connections with jobs.</summary>
    private const int CatchUpsMax = 2;

    private readonly EventStore _store;
    private readonly GrowthSignal _changed = new();
    private readonly SemaphoreSlim _catchUps = new(CatchUpsMax);
    private readonly Lock _lock = new();
    private readonly FedEvent[] _ring = new FedEvent[RingMax];
    private readonly int _streamsMax;
    private LogEnds _ends;
    private long _first = 1; // the position of the oldest in memory
    private long _next = 1; // the one behind the last
    private int _streams;
    private long _dropped;

    public EventFeed(EventStore store, IOptions<EventsOptions> options, IOptions<HostingOptions> hosting, PipelineMetrics metrics)
    {
        _store = store;
        _streamsMax = Math.Max(1, Math.Min(options.Value.StreamsMax, hosting.Value.ClientConnectionsMax / 4 * 3));
        metrics.ObserveGauge(
            "pipeline.events.streams", "{stream}", "Streams of events that are open.", () => Volatile.Read(ref _streams));
        metrics.ObserveCounter(
            "pipeline.events.dropped", "{stream}", "Streams that ended because nobody read them.", () => Dropped);
    }

    /// <summary>Completes when there is more. Take it before looking.</summary>
    public Task Next => _changed.Next;

    public bool IsFollowed => Volatile.Read(ref _streams) > 0;

    /// <summary>As far as this instance knows, which is half a second behind at most.</summary>
    public LogEnds Ends
    {
        get
        {
            lock (_lock)
            {
                return _ends;
            }
        }
    }

    /// <summary>A place for a stream; null when there are as many as may be. Dispose of it at its end.</summary>
    public IDisposable? TryEnter()
    {
        if (Interlocked.Increment(ref _streams) <= _streamsMax)
        {
            return new Place(this);
        }

        Interlocked.Decrement(ref _streams);
        return null;
    }

    /// <summary>Streams that ended because nobody read them.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    public void CountDropped() => Interlocked.Increment(ref _dropped);

    /// <summary>Everybody looks, whether there is more or not.</summary>
    public void Wake() => _changed.Set();

    /// <summary>The log has grown. By one at a time.</summary>
    public async Task AdvanceAsync(LogEnds ends, CancellationToken cancellationToken)
    {
        while (IsFollowed && _next <= ends.Head)
        {
            Append(await _store.ReadAsync(_next - 1, ends.Head, BatchMax, cancellationToken), ends.Head);
        }

        lock (_lock)
        {
            if (ends.Head > _ends.Head || ends.Gone > _ends.Gone)
            {
                _ends = new(Math.Max(ends.Head, _ends.Head), Math.Max(ends.Gone, _ends.Gone));
            }
            else
            {
                return;
            }

            if (!IsFollowed)
            {
                _first = _next = ends.Head + 1; // nobody needs it
            }
        }

        _changed.Set();
    }

    /// <summary>Events behind a position, at most so many; empty when there are none yet.</summary>
    public async ValueTask<IReadOnlyList<FedEvent>> ReadAsync(long after, int limit, CancellationToken cancellationToken)
    {
        long until;
        lock (_lock)
        {
            if (after >= _ends.Head)
            {
                return [];
            }

            if (after + 1 >= _first && after + 1 < _next)
            {
                var some = new FedEvent[Math.Min(limit, _next - after - 1)];
                for (int i = 0; i < some.Length; i++)
                {
                    some[i] = _ring[(after + 1 + i) % RingMax];
                }

                return some;
            }

            until = _ends.Head;
        }

        await _catchUps.WaitAsync(cancellationToken);
        try
        {
            return [.. (await _store.ReadAsync(after, until, limit, cancellationToken)).Select(FedOf)];
        }
        finally
        {
            _catchUps.Release();
        }
    }

    public void Dispose() => _catchUps.Dispose();

    /// <summary>What is not there any more, since its day was dropped a moment ago, is passed over.</summary>
    private void Append(List<EventRow> rows, long head)
    {
        lock (_lock)
        {
            foreach (EventRow row in rows)
            {
                _first = row.Position == _next ? _first : row.Position;
                _ring[row.Position % RingMax] = FedOf(row);
                _next = row.Position + 1;
                _first = Math.Max(_first, _next - RingMax);
            }

            if (rows.Count == 0)
            {
                _first = _next = head + 1;
            }
        }
    }

    private static FedEvent FedOf(EventRow row) => new(row, EventFrames.Of(row));

    private sealed class Place(EventFeed feed) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                Interlocked.Decrement(ref feed._streams);
            }
        }
    }
}
