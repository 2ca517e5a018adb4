using System.Threading.RateLimiting;

namespace PipelineService.Transform.Enrichment;

/// <summary>
/// So many calls in any second, as the one who is called counts them: a call counts from when it is let go until a second after its
/// end, because nobody knows when in between it arrives. Who waits is let go in turn.
/// </summary>
/// <remarks>
/// The windows and buckets of the framework count from the moment of the permit, by a clock of their own: at the edge of two windows twice
/// as many calls arrive within a second.
/// </remarks>
internal sealed class CallRate(int perSecond, TimeProvider time) : RateLimiter
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Queue<long> _ended = new(perSecond);
    private TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private int _waiting;

    /// <inheritdoc/>
    public override TimeSpan? IdleDuration => null;

    /// <inheritdoc/>
    public override RateLimiterStatistics? GetStatistics()
    {
        lock (_lock)
        {
            Forget();
            return new RateLimiterStatistics
            {
                CurrentAvailablePermits = perSecond - _running - _ended.Count,
                CurrentQueuedCount = _waiting,
            };
        }
    }

    protected override RateLimitLease AttemptAcquireCore(int permitCount) =>
        TryTake(out _, out _) ? new Lease(this) : Lease.None;

    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                while (!TryTake(out TimeSpan? wait, out Task end))
                {
                    // Of those that are over, the first leaves the second in so much time; of those that run, any may end before.
                    await (wait is { } left ? Task.WhenAny(end, Task.Delay(left, time, cancellationToken)) : end.WaitAsync(cancellationToken));
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        return new Lease(this);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _turn.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool TryTake(out TimeSpan? wait, out Task end)
    {
        lock (_lock)
        {
            Forget();
            end = _end.Task;
            wait = _ended.TryPeek(out long first) ? Window - time.GetElapsedTime(first) + TimeSpan.FromMilliseconds(1) : null;
            if (_running + _ended.Count >= perSecond)
            {
                return false;
            }

            _running++;
            return true;
        }
    }

    private void Forget()
    {
        while (_ended.TryPeek(out long first) && time.GetElapsedTime(first) >= Window)
        {
            _ended.Dequeue();
        }
    }

    private void End()
    {
        TaskCompletionSource end;
        lock (_lock)
        {
            _running--;
            _ended.Enqueue(time.GetTimestamp());
            end = _end;
            _end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        end.SetResult();
    }

    /// <summary>The right to one call; disposed of when the call is over.</summary>
    private sealed class Lease(CallRate? rate) : RateLimitLease
    {
        public static readonly Lease None = new(null);

        private bool _isOver;

        public override bool IsAcquired { get; } = rate is not null;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            if (!Interlocked.Exchange(ref _isOver, true))
            {
                rate?.End();
            }

            base.Dispose(disposing);
        }
    }
}
