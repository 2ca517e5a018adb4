using System.Diagnostics.CodeAnalysis;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Jobs.Requests;

/// <summary>
/// For those who wait for jobs that do not run here: one look into the database for all of them together, each interval, and
/// one at once for those of which another instance tells. Nobody looks while nobody waits.
/// </summary>
/// <param name="find">Reads the rows of those among these jobs that have one.</param>
/// <param name="interval">From when somebody begins to wait to the look that comes when nobody tells.</param>
public sealed class JobWatch(
    Func<Guid[], CancellationToken, Task<IReadOnlyList<JobRow>>> find, TimeSpan interval, TimeProvider time)
{
    /// <summary>Jobs that are remembered of those for which nobody waited when they were told of.</summary>
    private const int HeardMax = 4_096;

    private readonly Lock _lock = new();
    private readonly HashSet<Guid> _heard = [];
    private Dictionary<Guid, TaskCompletionSource<JobRow?>> _waits = [];
    private bool _isToLook;

    /// <summary>How many jobs somebody waits for.</summary>
    internal int Waits
    {
        get
        {
            lock (_lock)
            {
                return _waits.Count;
            }
        }
    }

    /// <summary>The job at the next look, or null when it has no row then.</summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked.</exception>
    public Task<JobRow?> NextAsync(Guid id)
    {
        TaskCompletionSource<JobRow?>? wait;
        lock (_lock)
        {
            if (!_waits.TryGetValue(id, out wait))
            {
                wait = new(TaskCreationOptions.RunContinuationsAsynchronously);
                _waits.Add(id, wait);
            }

            if (!_isToLook)
            {
                _isToLook = true;
                _ = LookLaterAsync();
            }

            if (!_heard.Contains(id))
            {
                return wait.Task;
            }
        }

        Hear([id]); // between a look at the row and this: whoever waits now has seen what was before
        return wait.Task;
    }

    /// <summary>
    /// These jobs have changed: who waits for one of them is shown it at once, and who is about to wait is, too.
    /// </summary>
    public void Hear(ReadOnlySpan<Guid> jobs)
    {
        Dictionary<Guid, TaskCompletionSource<JobRow?>> awaited = [];
        lock (_lock)
        {
            foreach (Guid job in jobs)
            {
                if (_waits.Remove(job, out TaskCompletionSource<JobRow?>? wait))
                {
                    awaited.Add(job, wait);
                    _heard.Remove(job);
                }
                else
                {
                    Remember(job);
                }
            }
        }

        _ = LookAsync(awaited);
    }

    /// <summary>Any job may have changed.</summary>
    public void LookNow() => _ = LookAsync(TakeAll());

    /// <summary>What is forgotten costs somebody an interval.</summary>
    private void Remember(Guid job)
    {
        if (_heard.Count >= HeardMax)
        {
            _heard.Clear();
        }

        _heard.Add(job);
    }

    private async Task LookLaterAsync()
    {
        await Task.Delay(interval, time, CancellationToken.None);
        lock (_lock)
        {
            _isToLook = false;
        }

        await LookAsync(TakeAll());
    }

    /// <summary>Who comes from here on waits for the look after this one.</summary>
    private Dictionary<Guid, TaskCompletionSource<JobRow?>> TakeAll()
    {
        lock (_lock)
        {
            Dictionary<Guid, TaskCompletionSource<JobRow?>> all = _waits;
            _waits = [];
            return all;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whoever waits is told it.")]
    private async Task LookAsync(Dictionary<Guid, TaskCompletionSource<JobRow?>> waits)
    {
        if (waits.Count == 0)
        {
            return;
        }

        using IDisposable untraced = PipelineTracing.Untraced(); // it is nobody's alone
        try
        {
            var rows = (await find([.. waits.Keys], CancellationToken.None)).ToDictionary(row => row.Id);
            foreach ((Guid id, TaskCompletionSource<JobRow?> wait) in waits)
            {
                wait.SetResult(rows.GetValueOrDefault(id));
            }
        }
        catch (Exception e)
        {
            foreach (TaskCompletionSource<JobRow?> wait in waits.Values)
            {
                wait.TrySetException(e);
            }
        }
    }
}
