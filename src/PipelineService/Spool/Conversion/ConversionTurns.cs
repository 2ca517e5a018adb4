namespace PipelineService.Spool.Conversion;

/// <summary>
/// Whose file is converted next: who has waited longest. A job that is refused asks again by itself; without turns, one that always comes
/// when others have just begun would wait for as long as there are others.
/// </summary>
/// <param name="runningMax">Files that are converted at once.</param>
internal sealed class ConversionTurns(int runningMax, TimeProvider time)
{
    /// <summary>A job that has not asked for so long wants nothing any more, and keeps nobody waiting.</summary>
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(5);

    /// <summary>Those that are many more than are converted in that time have no turn yet.</summary>
    private const int WaitingMax = 1_000;

    private readonly Lock _lock = new();
    private readonly List<(Guid Job, long AskedAt)> _waiting = [];
    private int _running;

    /// <returns>Whether it is the job's turn: then <see cref="Leave"/> ends it.</returns>
    public bool TryEnter(Guid job)
    {
        lock (_lock)
        {
            _waiting.RemoveAll(other => other.Job != job && time.GetElapsedTime(other.AskedAt) > SilenceMax);
            int place = _waiting.FindIndex(other => other.Job == job);
            int before = place < 0 ? _waiting.Count : place;
            bool isNext = before < runningMax - _running;
            if (place >= 0 && isNext)
            {
                _waiting.RemoveAt(place);
            }
            else if (place >= 0)
            {
                _waiting[place] = (job, time.GetTimestamp());
            }
            else if (!isNext && _waiting.Count < WaitingMax)
            {
                _waiting.Add((job, time.GetTimestamp()));
            }

            _running += isNext ? 1 : 0;
            return isNext;
        }
    }

    /// <summary>The job does not ask again.</summary>
    public void GiveUp(Guid job)
    {
        lock (_lock)
        {
            _waiting.RemoveAll(other => other.Job == job);
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _running--;
        }
    }
}
