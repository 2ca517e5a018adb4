using PipelineService.Datasets.Views;
using PipelineService.Spool;

namespace PipelineService.Events.Views;

/// <summary>
/// The last changes of a view in memory, for all streams of this instance: looked for once, whoever follows. Each stream takes what it has
/// not had yet, at its own pace; one that falls behind is told to read the view anew. So a slow one costs nobody else, and nothing is kept
/// for it.
/// </summary>
internal sealed class ViewChannel(StoredView view)
{
    /// <summary>Frames in memory, and the bytes that they may have together.</summary>
    internal const int FramesMax = 64;

    internal const int BytesMax = 4 << 20;

    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _frames = new();
    private readonly GrowthSignal _changed = new();
    private long _first;
    private long _bytes;

    public KeptView View { get; } = view.ToView();

    public string Dataset => view.Dataset;

    /// <summary>How many follow it; under the lock of the feed.</summary>
    public int Followers { get; set; }

    /// <summary>As of when it was looked last, and when that was; null: not yet, or too long ago.</summary>
    public string? Snapshot { get; set; }

    public long LookedAt { get; set; }

    public bool IsGone { get; private set; }

    /// <summary>Completes when there is more. Take it before looking.</summary>
    public Task Next => _changed.Next;

    public long End
    {
        get
        {
            lock (_lock)
            {
                return _first + _frames.Count;
            }
        }
    }

    public void Add(byte[] frame, bool isGone = false)
    {
        lock (_lock)
        {
            IsGone |= isGone;
            _frames.Enqueue(frame);
            _bytes += frame.Length;
            while (_frames.Count > FramesMax || (_bytes > BytesMax && _frames.Count > 1))
            {
                _bytes -= _frames.Dequeue().Length;
                _first++;
            }
        }

        _changed.Set();
    }

    /// <summary>The frames from a place on; null when some of them are gone.</summary>
    public IReadOnlyList<byte[]>? ReadFrom(long place)
    {
        lock (_lock)
        {
            return place < _first ? null : [.. _frames.Skip((int)(place - _first))];
        }
    }
}
