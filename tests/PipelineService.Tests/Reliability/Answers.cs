using System.Collections.Concurrent;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// What clients were answered before the power was cut. An answer that arrives after that instant has not been given: the
/// machine that gave it was off.
/// </summary>
internal sealed class Answers : IDisposable
{
    private readonly Lock _lock = new();
    private Era _era = new();

    /// <summary>Uploads that were answered 202 or 200, by job.</summary>
    public ConcurrentDictionary<Guid, Sample> Accepted { get; } = new();

    /// <summary>Jobs that a client has seen final.</summary>
    public ConcurrentDictionary<Guid, bool> Final { get; } = new();

    public int AcceptedNotFinal => Accepted.Count - Final.Count;

    /// <summary>The time between two cuts. To be taken before a request is sent.</summary>
    public Era Now
    {
        get
        {
            lock (_lock)
            {
                return _era;
            }
        }
    }

    /// <returns>False when the power was cut since: the upload must be sent again.</returns>
    public bool TryAccept(Era era, Guid id, Sample sample) => TryNote(era, () => Accepted[id] = sample);

    /// <inheritdoc cref="TryAccept"/>
    public bool TryEnd(Era era, Guid id) => TryNote(era, () => Final[id] = true);

    /// <summary>From now on no answer counts. Comes before the instant of the cut.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _era.IsOver = true;
        }
    }

    /// <summary>What was on is dead: requests under way are given up, and new ones count again.</summary>
    public async Task GoOnAsync()
    {
        Era over = Now;
        lock (_lock)
        {
            _era = new Era();
        }

        await over.EndAsync();
    }

    public void Dispose() => _era.Dispose();

    private bool TryNote(Era era, Action note)
    {
        lock (_lock)
        {
            if (!era.IsOver)
            {
                note();
            }

            return !era.IsOver;
        }
    }

    /// <summary>The time between two cuts.</summary>
    internal sealed class Era : IDisposable
    {
        private readonly CancellationTokenSource _over = new();

        public bool IsOver { get; set; }

        public CancellationToken Over => _over.Token;

        public Task EndAsync() => _over.CancelAsync();

        public void Dispose() => _over.Dispose();
    }
}
