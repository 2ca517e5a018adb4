using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;

namespace PipelineService.Write;

/// <summary>
/// How many write sessions are free, for which table and whose jobs. A job reserves all its sessions before its first chunk enters the
/// channel: otherwise workers could all wait for sessions that only chunks queued behind them would free.
/// </summary>
/// <remarks>
/// No table stops another. A quarter of the sessions is kept for tables that have none, one for each, so that an upload finds a
/// session whatever the jobs of another table do with theirs. And a table that could not be written to rests, longer each time:
/// meanwhile none of its jobs begins, and after it one does, with one session, until a chunk has landed. No party stops another
/// either: half of what is kept is for those who have none, and a session that becomes free is for the one whose turn it is
/// (<see cref="FairShares"/>), whether their job waits in the queue or has just come.
/// </remarks>
public sealed class SessionBudget
{
    /// <summary>Jobs of fewer bytes are small.</summary>
    public const int SmallBytes = 4 << 20;

    /// <summary>Of so many it is known that they have jobs in the queue. What is beyond is found when these have had their turns.</summary>
    private const int WaitingMax = 1_000;

    private readonly Lock _lock = new();
    private readonly WriteOptions _options;
    private readonly TableSessions _tables;
    private readonly int _kept;
    private readonly int _small;
    private readonly FairShares _shares;
    private int _used;
    private int _receiving;

    /// <param name="shareOf">What a party may have of the sessions.</param>
    public SessionBudget(IOptions<WriteOptions> options, TimeProvider time, Func<string, Share> shareOf)
    {
        (_options, _tables, _shares) = (options.Value, new TableSessions(time), new FairShares(shareOf));
        _kept = Math.Min((_options.SessionsMax + 3) / 4, _options.SessionsMax - 1);
        _small = Math.Clamp(_options.SessionsSmall, 0, Math.Max(0, _kept - 1));
    }

    /// <summary>Told whenever sessions become free, or a table is found to be written to again.</summary>
    public event Action? Freed;

    /// <summary>Told when a party waits no longer: it may be another's turn.</summary>
    public event Action? Passed;

    /// <summary>Sessions reserved now.</summary>
    public int Used
    {
        get
        {
            lock (_lock)
            {
                return _used;
            }
        }
    }

    /// <summary>Sessions that there are.</summary>
    public int Max => _options.SessionsMax;

    /// <summary>Tenants, and datasets of nobody, of which jobs are known to wait for a session.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _shares.Waiting;
            }
        }
    }

    public bool HasFree => Used < _options.SessionsMax;

    /// <summary>Tables that could not be written to when they were tried last.</summary>
    public int Resting
    {
        get
        {
            lock (_lock)
            {
                return _tables.Resting;
            }
        }
    }

    /// <summary>Tables for which no job can begin now: they rest, are being tried, or have their share.</summary>
    public IReadOnlySet<string> Closed()
    {
        lock (_lock)
        {
            return _tables.Closed(Free, _kept);
        }
    }

    /// <summary>Reserves 1 to <paramref name="sessionsMax"/> sessions, as many as the job may have.</summary>
    /// <param name="sessionsMax">How many the job could use.</param>
    /// <param name="isReceiving">Whether its upload is still arriving; those have a smaller budget.</param>
    /// <returns>The reservation, or null when the job can have none now.</returns>
    public SessionReservation? TryReserve(SessionWish wish, int sessionsMax, bool isReceiving)
    {
        int count = Take(wish, sessionsMax, isReceiving);
        return count == 0 ? null : new SessionReservation(this, wish, sessionsMax, count, isReceiving);
    }

    /// <summary>Whether such a job would get a session now.</summary>
    public bool MayReserve(SessionWish wish)
    {
        lock (_lock)
        {
            return Allowed(wish) > 0;
        }
    }

    /// <summary>Reserves one session, or none when the job can have none now: then the reservation is empty.</summary>
    public SessionReservation ReserveOneOrNone(SessionWish wish) =>
        new(this, wish, sessionsMax: 1, Take(wish, sessionsMax: 1, isReceiving: false), isReceiving: false);

    /// <summary>Whether what is free now is for small jobs alone.</summary>
    public bool TakesSmallOnly
    {
        get
        {
            lock (_lock)
            {
                return Free <= _small;
            }
        }
    }

    /// <summary>A party has jobs in the queue: from now on nobody takes its turn.</summary>
    public void Await(string party)
    {
        lock (_lock)
        {
            if (_shares.Waiting < WaitingMax)
            {
                _shares.Wait(party);
            }
        }
    }

    /// <summary>The same for a job that waits elsewhere.</summary>
    /// <returns>False for one whose table could not be written to: nobody waits for that.</returns>
    public bool TryAwait(SessionWish wish)
    {
        lock (_lock)
        {
            if (_tables.IsResting(wish.Table))
            {
                return false;
            }
        }

        Await(wish.Party);
        return true;
    }

    /// <summary>A party has no job in the queue that could begin now.</summary>
    public void NoLongerAwait(string party)
    {
        lock (_lock)
        {
            _shares.StopWaiting(party);
        }

        Passed?.Invoke();
    }

    /// <summary>The parties whose jobs in the queue may have a session now, the one whose turn it is first.</summary>
    public string[] Next(int max)
    {
        lock (_lock)
        {
            string[] next = _shares.Next(max);
            return Free > _kept / 2 ? next : [.. next.Where(party => _shares.HeldBy(party) == 0)];
        }
    }

    /// <summary>Whether anybody is known to have jobs in the queue.</summary>
    public bool HasAwaited
    {
        get
        {
            lock (_lock)
            {
                return _shares.Waiting > 0;
            }
        }
    }

    internal int Take(SessionWish wish, int sessionsMax, bool isReceiving)
    {
        lock (_lock)
        {
            int count = Math.Min(Allowed(wish), Math.Min(sessionsMax, _options.SessionsPerJobMax));
            if (isReceiving)
            {
                count = Math.Min(count, _options.SessionsReceivingMax - _receiving);
            }

            if (count <= 0)
            {
                return 0;
            }

            _tables.Add(wish.Table, count);
            _shares.Take(wish.Party, count);
            _used += count;
            _receiving += isReceiving ? count : 0;
            return count;
        }
    }

    internal void Release(SessionWish wish, int count, int receiving)
    {
        lock (_lock)
        {
            _used -= count;
            _receiving -= receiving;
            _shares.GiveBack(wish.Party, count);
            _tables.Remove(wish.Table, count);
        }

        Freed?.Invoke();
    }

    internal void NoLongerReceiving(int count)
    {
        lock (_lock)
        {
            _receiving -= count;
        }
    }

    /// <summary>The table could not be written to. Jobs that find out together let it rest once.</summary>
    /// <returns>How long it rests from now on.</returns>
    internal TimeSpan Rest(string table)
    {
        lock (_lock)
        {
            return _tables.Rest(table);
        }
    }

    /// <summary>A chunk has landed in the table: what made it rest is over.</summary>
    internal void Wake(string table)
    {
        lock (_lock)
        {
            if (!_tables.Wake(table))
            {
                return;
            }
        }

        Freed?.Invoke();
    }

    private int Free => _options.SessionsMax - _used;

    /// <summary>How many sessions more such a job may have now.</summary>
    private int Allowed(SessionWish wish)
    {
        int allowed = _tables.Allowed(wish.Table, Free, _kept);
        bool isOfKept = Free <= _kept;
        if (isOfKept && ((Free <= _kept / 2 && _shares.HeldBy(wish.Party) > 0) || (Free <= _small && !wish.IsSmall)))
        {
            return 0;
        }

        return allowed <= 0 || !_shares.MayTake(wish.Party) ? 0 : (int)Math.Min(allowed, _shares.RoomOf(wish.Party));
    }
}
