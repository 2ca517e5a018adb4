using System.Threading.Channels;
using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Transform.Enrichment;
using PipelineService.Write;

namespace PipelineService.Transform;

/// <summary>
/// The queue between reading and writing, shared by all jobs: a bounded channel for each party that has chunks, and one of turns, which
/// workers wait for. A full channel makes readers wait, and nothing is ever dropped. Chunks of one party come in their order; among parties
/// the one comes next of whom the fewest bytes are with workers, for their weight (<see cref="FairShares"/>): it is big jobs, not many,
/// that starve small ones.
/// </summary>
/// <remarks>
/// What all of it takes is bounded by the chunks that jobs have in flight (<see cref="ChunkFeed"/>), and those by the sessions.
/// </remarks>
public sealed class ChunkChannel(
    IOptions<TransformOptions> options, ChunkBufferPool buffers, Func<string, Share> shareOf, AnswerParking? parking = null)
{
    /// <summary>One for each chunk that waits: whoever takes one is sure to find a chunk.</summary>
#pragma warning disable RS0030 // It is bounded by the lanes: nobody writes to it who has not written to one of them.
    private readonly Channel<bool> _turns = Channel.CreateUnbounded<bool>();
#pragma warning restore RS0030

    private readonly BoundedChannelOptions _bounds = new(options.Value.ChannelCapacity) { SingleReader = true }; // under the lock
    private readonly Lock _lock = new();

    /// <summary>A party counts by its weight alone: how many sessions it may have is counted elsewhere.</summary>
    private readonly FairShares _shares = new(party => shareOf(party) with { Max = null });
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private bool _isCompleted;

    /// <summary>Chunks that wait for a worker.</summary>
    public int Depth => _turns.Reader.Count;

    /// <summary>How the chunks of a load come in.</summary>
    public ChunkFeed FeedOf(JobLoad load) => new(load, this, buffers, parking);

    /// <summary>Puts a chunk in, and waits until it has a place. When that fails, the chunk is still the caller's.</summary>
    /// <exception cref="ChannelClosedException">No more are taken.</exception>
    public async ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        string party = chunk.Load.Plan.Party;
        Lane lane = Enter(party);
        bool isIn = false;
        try
        {
            await lane.Chunks.Writer.WriteAsync(chunk, cancellationToken);
            isIn = true;
        }
        finally
        {
            Leave(party, lane, isIn);
        }
    }

    /// <summary>No more chunks come: those who take them end when none is left.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isCompleted = true;
            EndWhenAllAreIn();
        }
    }

    /// <summary>Takes the chunk whose turn it is, and waits until there is one. Several may take at once.</summary>
    /// <returns>Null when no more come.</returns>
    public async ValueTask<Chunk?> ReadAsync()
    {
        while (await _turns.Reader.WaitToReadAsync(CancellationToken.None))
        {
            if (_turns.Reader.TryRead(out _))
            {
                return Take();
            }
        }

        return null;
    }

    /// <summary>A chunk that was taken is done with.</summary>
    internal void GiveBack(string party, int bytes)
    {
        lock (_lock)
        {
            _shares.GiveBack(party, WeightOf(bytes));
        }
    }

    /// <summary>What a worker holds with a chunk: something also where it has no bytes, as the end of a document may.</summary>
    private static int WeightOf(int bytes) => Math.Max(1, bytes);

    private Lane Enter(string party)
    {
        lock (_lock)
        {
            if (_isCompleted)
            {
                throw new ChannelClosedException();
            }

            if (!_lanes.TryGetValue(party, out Lane? lane))
            {
                _lanes[party] = lane = new Lane(Channel.CreateBounded<Chunk>(_bounds));
            }

            lane.Writing++;
            return lane;
        }
    }

    private void Leave(string party, Lane lane, bool isIn)
    {
        lock (_lock)
        {
            lane.Writing--;
            if (isIn && lane.Waiting++ == 0)
            {
                _shares.Wait(party);
            }

            if (isIn)
            {
                _turns.Writer.TryWrite(true);
            }

            Forget(party, lane);
            EndWhenAllAreIn();
        }
    }

    private Chunk Take()
    {
        lock (_lock)
        {
            string party = _shares.Next(1)[0];
            Lane lane = _lanes[party];
            lane.Chunks.Reader.TryRead(out Chunk? chunk);
            if (--lane.Waiting == 0)
            {
                _shares.StopWaiting(party);
                Forget(party, lane);
            }

            _shares.Take(party, WeightOf(chunk!.Bytes.Length));
            chunk.TakenFrom = this;
            return chunk;
        }
    }

    /// <summary>Nothing is left of a party that neither has chunks nor is about to.</summary>
    private void Forget(string party, Lane lane)
    {
        if (lane is { Writing: 0, Waiting: 0 })
        {
            _lanes.Remove(party);
        }
    }

    private void EndWhenAllAreIn()
    {
        if (_isCompleted && _lanes.Values.All(lane => lane.Writing == 0))
        {
            _turns.Writer.TryComplete();
        }
    }

    /// <summary>The chunks of a party.</summary>
    private sealed class Lane(Channel<Chunk> chunks)
    {
        public Channel<Chunk> Chunks { get; } = chunks;

        /// <summary>Readers that put a chunk in, or wait for a place.</summary>
        public int Writing { get; set; }

        /// <summary>Chunks in it for which there is a turn.</summary>
        public int Waiting { get; set; }
    }
}
