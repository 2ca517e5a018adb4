namespace PipelineService.Write;

/// <summary>Sessions that one job may open. Disposing gives them back.</summary>
public sealed class SessionReservation(
    SessionBudget budget, SessionWish wish, int sessionsMax, int count, bool isReceiving) : IDisposable
{
    // The job shrinks and gives back while intake may tell that the upload has arrived.
    private readonly Lock _lock = new();
    private bool _isReceiving = isReceiving;
    private int _count = count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Gives back all but so many.</summary>
    public void ShrinkTo(int keep)
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
            budget.Release(wish, extra, wasReceiving ? extra : 0);
        }
    }

    /// <summary>Reserves anew, after all was given back.</summary>
    /// <returns>False while the table can have none.</returns>
    public bool TryTakeAgain()
    {
        lock (_lock)
        {
            _count = budget.Take(wish, sessionsMax, _isReceiving);
            return _count > 0;
        }
    }

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

    /// <summary>
    /// The job could not write to its table, for a reason that others would meet too. Call it before giving back.
    /// </summary>
    /// <returns>How long the table rests; until then no job for it begins.</returns>
    public TimeSpan LetTableRest() => budget.Rest(wish.Table);

    /// <summary>A chunk of the job has landed in its table.</summary>
    public void WakeTable() => budget.Wake(wish.Table);

    public void Dispose() => ShrinkTo(0);
}
