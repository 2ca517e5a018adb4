using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Jobs.Requests;

/// <summary>
/// For those who wait for jobs that do not run here: one look into the database for all of them together, each
/// interval. Nobody looks while nobody waits.
/// </summary>
/// <param name="find">Reads the rows of those among these jobs that have one.</param>
/// <param name="interval">From when somebody begins to wait to the look.</param>
public sealed class JobWatch(
    Func<Guid[], CancellationToken, Task<IReadOnlyList<JobRow>>> find, TimeSpan interval, TimeProvider time)
{
    private readonly Lock _lock = new();
    private Look? _next;

    /// <summary>The job at the next look, or null when it has no row then.</summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be asked.</exception>
    public async Task<JobRow?> NextAsync(Guid id)
    {
        Look look;
        lock (_lock)
        {
            if (_next is null)
            {
                _next = new Look();
                _next.Rows = LookAsync(_next);
            }

            look = _next;
            look.Ids.Add(id);
        }

        return (await look.Rows).GetValueOrDefault(id);
    }

    private async Task<Dictionary<Guid, JobRow>> LookAsync(Look look)
    {
        using IDisposable untraced = PipelineTracing.Untraced(); // it is nobody's alone
        await Task.Delay(interval, time, CancellationToken.None);
        Guid[] ids;
        lock (_lock)
        {
            _next = null; // who comes from here on waits for the look after this one
            ids = [.. look.Ids];
        }

        return (await find(ids, CancellationToken.None)).ToDictionary(row => row.Id);
    }

    private sealed class Look
    {
        public HashSet<Guid> Ids { get; } = [];

        public Task<Dictionary<Guid, JobRow>> Rows { get; set; } = null!;
    }
}
