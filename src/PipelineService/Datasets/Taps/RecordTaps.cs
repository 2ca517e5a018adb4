using System.Collections.Immutable;

namespace PipelineService.Datasets.Taps;

/// <summary>
/// Who wants to see records of a dataset as they are loaded by this instance, with what becomes of them. While nobody does, a look here is
/// all it costs.
/// </summary>
public sealed class RecordTaps(TimeProvider time)
{
    private readonly Lock _lock = new();
    private volatile ImmutableDictionary<string, RecordTap> _taps = ImmutableDictionary<string, RecordTap>.Empty;

    /// <summary>Where records of a dataset are told; null: nobody wants to see them.</summary>
    public RecordTap? Of(string dataset) => _taps.IsEmpty ? null : _taps.GetValueOrDefault(dataset);

    /// <summary>Begins to listen. Leave it at the end.</summary>
    public RecordTap Enter(string dataset)
    {
        lock (_lock)
        {
            RecordTap tap = _taps.GetValueOrDefault(dataset) ?? new RecordTap(dataset, time);
            tap.Listeners++;
            _taps = _taps.SetItem(dataset, tap);
            return tap;
        }
    }

    public void Leave(RecordTap tap)
    {
        lock (_lock)
        {
            if (--tap.Listeners == 0)
            {
                _taps = _taps.Remove(tap.Dataset);
            }
        }
    }
}

/// <summary>The last records of a dataset that were told: so many a second, and so many are kept. Whoever is slower misses some.</summary>
public sealed class RecordTap(string dataset, TimeProvider time)
{
    /// <summary>Records that are kept, each cut to some kilobytes.</summary>
    public const int KeptMax = 200;

    /// <summary>Records that are told in a second.</summary>
    public const int RateMax = 50;

    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _told = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _first;
    private long _second = time.GetTimestamp();
    private int _left = RateMax;

    public string Dataset => dataset;

    internal int Listeners { get; set; }

    /// <summary>Completes when there is more. Take it before looking.</summary>
    public Task Next
    {
        get
        {
            lock (_lock)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>The place behind the last record.</summary>
    public long End
    {
        get
        {
            lock (_lock)
            {
                return _first + _told.Count;
            }
        }
    }

    /// <summary>How many records may be told now, of as many as are wanted.</summary>
    public int Grant(int wanted)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_second) >= TimeSpan.FromSeconds(1))
            {
                (_second, _left) = (time.GetTimestamp(), RateMax);
            }

            int granted = Math.Min(wanted, _left);
            _left -= granted;
            return granted;
        }
    }

    /// <param name="json">A record, in one line.</param>
    public void Tell(byte[] json)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _told.Enqueue(json);
            if (_told.Count > KeptMax)
            {
                _told.Dequeue();
                _first++;
            }

            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.TrySetResult();
    }

    /// <summary>The records from a place on, and how many before them are gone.</summary>
    public (IReadOnlyList<byte[]> Records, long Missed) ReadFrom(long place)
    {
        lock (_lock)
        {
            long missed = Math.Max(0, _first - place);
            return ([.. _told.Skip((int)Math.Max(0, place - _first))], missed);
        }
    }
}
