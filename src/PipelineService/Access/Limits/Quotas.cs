using System.Collections.Concurrent;

namespace PipelineService.Access.Limits;

/// <summary>Whose a quota is: an id or a name.</summary>
internal readonly record struct QuotaKey(QuotaHolder Holder, Guid Id, string Name)
{
    public static QuotaKey OfTenant(string tenant) => new(QuotaHolder.Tenant, Guid.Empty, tenant);

    public static QuotaKey OfDataset(string dataset) => new(QuotaHolder.Dataset, Guid.Empty, dataset);

    public static QuotaKey Of(Caller caller) => caller.KeyId is { } key
        ? new QuotaKey(QuotaHolder.Key, key, "")
        : new QuotaKey(QuotaHolder.Key, Guid.Empty, caller.Kind == CallerKind.Token ? caller.Actor : "");
}

/// <summary>
/// The quotas of this instance, made when somebody with limits comes and dropped when they are as new again. Their number has a bound:
/// beyond it newcomers share one, until others have gone.
/// </summary>
internal sealed class Quotas(TimeProvider time)
{
    public const int CountMax = 100_000;

    /// <summary>Idle ones are looked for when there are so many, and then when there are twice as many as have stayed.</summary>
    private const int SweepMin = 1_000;

    private readonly ConcurrentDictionary<QuotaKey, Quota> _quotas = new();
    private readonly Quota[] _shared = [.. Enum.GetValues<QuotaHolder>().Select(holder => new Quota(holder, time))];
    private int _count;
    private int _sweepAt = SweepMin;

    public int Count => Volatile.Read(ref _count);

    /// <returns>Null for somebody without limits.</returns>
    public Quota? Of(QuotaKey key, CallLimits limits)
    {
        if (limits == CallLimits.None)
        {
            return null;
        }

        if (!_quotas.TryGetValue(key, out Quota? quota))
        {
            quota = Add(key);
        }

        quota.Heed(limits);
        return quota;
    }

    private Quota Add(QuotaKey key)
    {
        if (Count >= Volatile.Read(ref _sweepAt))
        {
            Sweep();
        }

        if (Count >= CountMax)
        {
            return _shared[(int)key.Holder];
        }

        Quota made = new(key.Holder, time);
        Quota quota = _quotas.GetOrAdd(key, made);
        if (ReferenceEquals(quota, made))
        {
            Interlocked.Increment(ref _count);
        }

        return quota;
    }

    /// <summary>One that is taken up again at this very moment starts anew: it had nothing taken of it.</summary>
    private void Sweep()
    {
        foreach ((QuotaKey key, Quota quota) in _quotas)
        {
            if (quota.IsIdle && _quotas.TryRemove(new KeyValuePair<QuotaKey, Quota>(key, quota)))
            {
                Interlocked.Decrement(ref _count);
            }
        }

        Volatile.Write(ref _sweepAt, Math.Clamp(2 * Count, SweepMin, CountMax));
    }
}
