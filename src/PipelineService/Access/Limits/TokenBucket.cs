namespace PipelineService.Access.Limits;

/// <summary>
/// What may be taken at once, and comes back evenly: a minute's worth within a minute. Filled when it is looked at, so that a thousand of
/// them need no timer.
/// </summary>
internal sealed class TokenBucket(long limit, TimeProvider time)
{
    public const int WindowSeconds = 60;

    private readonly Lock _lock = new();
    private double _tokens = limit;
    private long _filledAt = time.GetTimestamp();

    public long Limit { get; } = limit;

    /// <summary>Whether it is as if nobody had ever taken anything.</summary>
    public bool IsFull => Remaining.Left >= Limit;

    /// <summary>What may be taken now, and in how many seconds it is full again.</summary>
    public (long Left, int FullInSeconds) Remaining
    {
        get
        {
            lock (_lock)
            {
                Fill();
                return ((long)_tokens, SecondsFor(Limit - _tokens));
            }
        }
    }

    /// <summary>Takes so much or nothing.</summary>
    /// <param name="all">What is to be taken together with what was before, to tell how long to wait.</param>
    /// <param name="waitSeconds">When there is too little: in how many seconds there is enough.</param>
    public bool TryTake(long amount, long all, out int waitSeconds)
    {
        lock (_lock)
        {
            Fill();
            if (_tokens >= amount)
            {
                _tokens -= amount;
                waitSeconds = 0;
                return true;
            }

            waitSeconds = Math.Max(1, SecondsFor(Math.Min(all, Limit) - _tokens));
            return false;
        }
    }

    public void GiveBack(long amount)
    {
        lock (_lock)
        {
            _tokens = Math.Min(Limit, _tokens + amount);
        }
    }

    private void Fill()
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(Limit, _tokens + (Limit * (time.GetElapsedTime(_filledAt, now).TotalSeconds / WindowSeconds)));
        _filledAt = now;
    }

    private int SecondsFor(double tokens) => (int)Math.Ceiling(tokens * WindowSeconds / Limit);
}
