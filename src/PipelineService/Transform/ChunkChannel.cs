using System.Threading.Channels;
using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Write;

namespace PipelineService.Transform;

/// <summary>
/// The one queue between reading and writing, shared by all jobs. Bounded; a full channel makes readers wait, and nothing is ever dropped.
/// Chunks of one party come in their order; among parties the one comes next of whom the fewest bytes are with workers, for their weight
/// (<see cref="FairShares"/>): it is big jobs, not many, that starve small ones.
/// </summary>
public sealed class ChunkChannel(IOptions<TransformOptions> options, ChunkBufferPool buffers, Func<string, Share> shareOf)
{
    private readonly int _capacity = options.Value.ChannelCapacity;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _ready = new(0);

    /// <summary>A party counts by its weight alone: how many sessions it may have is counted elsewhere.</summary>
    private readonly FairShares _shares = new(party => shareOf(party) with { Max = null });
    private readonly Dictionary<string, LinkedList<Entry>> _queues = new(StringComparer.Ordinal);

    /// <summary>Those that are one too many: their readers wait. The first come comes first, since a place is the same to all.</summary>
    private readonly LinkedList<Entry> _excess = [];
    private int _count;
    private bool _isCompleted;

    /// <summary>Chunks that wait for a worker.</summary>
    public int Depth
    {
        get
        {
            lock (_lock)
            {
                return _count - _excess.Count;
            }
        }
    }

    /// <summary>How the chunks of a load come in.</summary>
    public ChunkFeed FeedOf(JobLoad load) => new(load, this, buffers);

    /// <summary>Puts a chunk in, and waits until it has a place. When that fails, the chunk is still the caller's.</summary>
    /// <exception cref="ChannelClosedException">No more are taken.</exception>
    public async ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Entry? excess = Add(chunk);
        _ready.Release();
        if (excess is null)
        {
            return;
        }

        await using CancellationTokenRegistration cancel = cancellationToken.Register(() => TakeBack(excess, cancellationToken));
        await excess.HasPlace.Task;
    }

    /// <summary>No more chunks come: those who take them end when none is left.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isCompleted = true;
        }

        _ready.Release();
    }

    /// <summary>Takes the chunk whose turn it is, and waits until there is one. Several may take at once.</summary>
    /// <returns>Null when no more come.</returns>
    public async ValueTask<Chunk?> ReadAsync()
    {
        while (true)
        {
            await _ready.WaitAsync(CancellationToken.None);
            if (Take() is { } chunk)
            {
                return chunk;
            }

            if (Volatile.Read(ref _isCompleted))
            {
                _ready.Release(); // for the others
                return null;
            }
        }
    }

    /// <summary>A chunk that was taken is done with.</summary>
    internal void GiveBack(string party, int bytes)
    {
        lock (_lock)
        {
            _shares.GiveBack(party, bytes);
        }
    }

    /// <returns>Its entry when it has no place yet.</returns>
    private Entry? Add(Chunk chunk)
    {
        string party = chunk.Load.Plan.Party;
        lock (_lock)
        {
            if (_isCompleted)
            {
                throw new ChannelClosedException();
            }

            Entry entry = new(chunk);
            if (!_queues.TryGetValue(party, out LinkedList<Entry>? queue))
            {
                _queues[party] = queue = [];
                _shares.Wait(party);
            }

            queue.AddLast(entry);
            if (_count++ < _capacity)
            {
                return null;
            }

            _excess.AddLast(entry);
            return entry;
        }
    }

    private Chunk? Take()
    {
        lock (_lock)
        {
            if (_shares.Next(1) is not [var party])
            {
                return null; // what woke this one was taken back
            }

            Entry entry = _queues[party].First!.Value;
            Remove(party, entry);
            _shares.Take(party, entry.Chunk.Bytes.Length);
            entry.Chunk.TakenFrom = this;
            return entry.Chunk;
        }
    }

    private void TakeBack(Entry entry, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (entry.HasPlace.TrySetCanceled(cancellationToken))
            {
                Remove(entry.Chunk.Load.Plan.Party, entry);
            }
        }
    }

    private void Remove(string party, Entry entry)
    {
        LinkedList<Entry> queue = _queues[party];
        queue.Remove(entry);
        if (queue.Count == 0)
        {
            _queues.Remove(party);
            _shares.StopWaiting(party);
        }

        _count--;
        _excess.Remove(entry);
        entry.HasPlace.TrySetResult();
        while (_excess.Count > 0 && _count - _excess.Count < _capacity)
        {
            Entry next = _excess.First!.Value;
            _excess.RemoveFirst();
            next.HasPlace.TrySetResult();
        }
    }

    private sealed class Entry(Chunk chunk)
    {
        public Chunk Chunk { get; } = chunk;

        public TaskCompletionSource HasPlace { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
