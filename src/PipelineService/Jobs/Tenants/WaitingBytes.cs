using System.Collections.Concurrent;
using System.Collections.Frozen;
using PipelineService.Access.Tenants;

namespace PipelineService.Jobs.Tenants;

/// <summary>
/// How many bytes wait in the queue, of those whose bytes are bounded: as the last look at the queue found them, and what has come to this
/// instance since. What other instances have taken since is seen by the next look, within seconds.
/// </summary>
public sealed class WaitingBytes(TenantRing tenants)
{
    private readonly ConcurrentDictionary<string, long> _before = new(StringComparer.Ordinal);
    private ConcurrentDictionary<string, long> _since = new(StringComparer.Ordinal);
    private FrozenDictionary<string, long> _looked = FrozenDictionary<string, long>.Empty;

    /// <summary>An upload has come to the queue.</summary>
    public void Add(string party, long bytes)
    {
        if (tenants.QueuedBytesMaxOf(party) is not null)
        {
            Volatile.Read(ref _since).AddOrUpdate(party, bytes, (_, before) => before + bytes);
        }
    }

    /// <summary>What bounds the bytes of a party, when an upload more would be beyond it; else null.</summary>
    /// <param name="tenant">That of the upload's dataset; null: nobody's.</param>
    public long? BoundFor(string? tenant, string dataset, long bytes)
    {
        if (!tenants.BoundsQueues)
        {
            return null;
        }

        string party = JobParty.Of(tenant, dataset);
        return tenants.QueuedBytesMaxOf(party) is { } max && Of(party) + bytes > max ? max : null;
    }

    /// <summary>The queue is about to be looked at: what comes from now on may not be seen there.</summary>
    public void BeginLook()
    {
        foreach ((string party, long bytes) in Interlocked.Exchange(ref _since, new(StringComparer.Ordinal)))
        {
            _before.AddOrUpdate(party, bytes, (_, before) => before + bytes);
        }
    }

    /// <summary>What the look has found. Without it, what was known before stands.</summary>
    public void EndLook(IEnumerable<PartyInQueue> parties)
    {
        Volatile.Write(
            ref _looked,
            parties.Where(party => tenants.QueuedBytesMaxOf(party.Party) is not null).ToFrozenDictionary(party => party.Party, party => party.Bytes));
        _before.Clear();
    }

    private long Of(string party) =>
        Volatile.Read(ref _looked).GetValueOrDefault(party) + _before.GetValueOrDefault(party) + Volatile.Read(ref _since).GetValueOrDefault(party);
}
