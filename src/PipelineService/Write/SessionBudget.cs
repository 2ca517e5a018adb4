using Microsoft.Extensions.Options;

namespace PipelineService.Write;

/// <summary>
/// How many write sessions are free. A job reserves all its sessions before its first chunk enters the channel: otherwise
/// workers could all wait for sessions that only chunks queued behind them would free.
/// </summary>
public sealed class SessionBudget(IOptions<WriteOptions> options)
{
    private readonly Lock _lock = new();
    private readonly WriteOptions _options = options.Value;
    private int _used;
    private int _receiving;
    private bool _isHeld;

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

    /// <summary>Told whenever sessions become free.</summary>
    public event Action? Freed;

    /// <summary>
    /// Reserves 1 to <paramref name="sessionsMax"/> sessions, as many as are free.
    /// </summary>
    /// <param name="sessionsMax">How many the job could use.</param>
    /// <param name="isReceiving">Whether its upload is still arriving; those have a smaller budget.</param>
    /// <returns>The reservation, or null when none is free, or the budget is held for a job that has to run alone.</returns>
    public SessionReservation? TryReserve(int sessionsMax, bool isReceiving)
    {
        lock (_lock)
        {
            return _isHeld ? null : Reserve(sessionsMax, isReceiving);
        }
    }

    /// <summary>
    /// Reserves sessions for a job that has to run alone. From the first call on nobody else gets any, until
    /// the reservation is given back.
    /// </summary>
    /// <param name="toleratesReceiving">Whether jobs that are still receiving may run beside it.</param>
    /// <returns>The reservation, or null while others have sessions.</returns>
    public SessionReservation? TryReserveAlone(int sessionsMax, bool toleratesReceiving)
    {
        lock (_lock)
        {
            _isHeld = true;
            bool isAlone = _used == 0 || (toleratesReceiving && _used == _receiving);
            return isAlone ? Reserve(sessionsMax, isReceiving: false, endsHold: true) : null;
        }
    }

    internal void Release(int count, int receiving, bool isTold, bool endsHold)
    {
        lock (_lock)
        {
            _used -= count;
            _receiving -= receiving;
            _isHeld &= !endsHold;
        }

        if (isTold)
        {
            Freed?.Invoke();
        }
    }

    internal void NoLongerReceiving(int count)
    {
        lock (_lock)
        {
            _receiving -= count;
        }
    }

    private SessionReservation? Reserve(int sessionsMax, bool isReceiving, bool endsHold = false)
    {
        int free = _options.SessionsMax - _used;
        if (isReceiving)
        {
            free = Math.Min(free, _options.SessionsReceivingMax - _receiving);
        }

        int count = Math.Min(free, Math.Min(sessionsMax, _options.SessionsPerJobMax));
        if (count <= 0)
        {
            return null;
        }

        _used += count;
        _receiving += isReceiving ? count : 0;
        return new SessionReservation(this, count, isReceiving, endsHold);
    }
}

/// <summary>Sessions that one job may open. Disposing gives them back.</summary>
public sealed class SessionReservation(SessionBudget budget, int count, bool isReceiving, bool endsHold) : IDisposable
{
    // The job shrinks and gives back while intake may tell that the upload has arrived.
    private readonly Lock _lock = new();
    private bool _isReceiving = isReceiving;
    private int _count = count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Gives back all but so many.</summary>
    public void ShrinkTo(int keep) => GiveBack(keep, isTold: true);

    /// <summary>
    /// Gives all back without telling: there was nothing to use them for, and whoever looked would be woken to look again.
    /// </summary>
    public void ReturnUnused() => GiveBack(keep: 0, isTold: false);

    /// <summary>The upload has arrived: its sessions no longer count as those of a slow client.</summary>
    public void NoLongerReceiving()
    {
        int count;
        lock (_lock)
        {
            count = _isReceiving ? _count : 0;
            _isReceiving = false;
        }

        budget.NoLongerReceiving(count);
    }

    public void Dispose() => ShrinkTo(0);

    private void GiveBack(int keep, bool isTold)
    {
        int extra;
        bool wasReceiving;
        lock (_lock)
        {
            extra = Math.Max(0, _count - keep);
            wasReceiving = _isReceiving;
            _count -= extra;
        }

        if (extra > 0)
        {
            budget.Release(extra, wasReceiving ? extra : 0, isTold, endsHold && keep == 0);
        }
    }
}
