using PipelineService.Spool;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Waits for a session for jobs that are together, where others are before them, or have all there are: to break them up would cost far
/// more than a short wait. Meanwhile their party waits as those in the queue do, and nobody who comes takes its turn.
/// </summary>
public sealed class SessionTurns
{
    /// <summary>After it each of the jobs goes to the queue by itself.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly SessionBudget _budget;
    private readonly TimeProvider _time;
    private readonly GrowthSignal _changed = new();

    public SessionTurns(SessionBudget budget, TimeProvider time)
    {
        (_budget, _time) = (budget, time);
        _budget.Freed += _changed.Set;
        _budget.Passed += _changed.Set;
    }

    /// <returns>Null when there was none in time, or the table could not be written to.</returns>
    public async Task<SessionReservation?> ReserveOneAsync(SessionWish wish)
    {
        long start = _time.GetTimestamp();
        while (true)
        {
            Task changed = _changed.Next;
            if (_budget.TryReserve(wish, sessionsMax: 1, isReceiving: false) is { } reservation)
            {
                return reservation;
            }

            TimeSpan left = Patience - _time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !_budget.TryAwait(wish))
            {
                return null;
            }

            await Task.WhenAny(changed, Task.Delay(left, _time));
        }
    }
}
