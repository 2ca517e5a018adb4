using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>
/// However many wait for jobs that run elsewhere, the database is asked once an interval, and at once for those that are told of.
/// </summary>
public sealed class JobWatchTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentQueue<Guid[]> _looks = new();

    [Fact]
    public async Task Looks_once_for_all_who_wait()
    {
        Guid[] jobs = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];
        JobWatch watch = WatchOf(ids => ids.Take(2).Select(RowOf));
        Task<JobRow?>[] waits = [.. Enumerable.Range(0, 3_000).Select(i => watch.NextAsync(jobs[i % 3]))];
        Assert.Empty(_looks);

        _time.Advance(Interval);
        JobRow?[] rows = await Task.WhenAll(waits).Within("everybody to be told");

        Guid[] asked = Assert.Single(_looks);
        Assert.Equal(jobs.Order(), asked.Order());
        Assert.Equal(asked[0], rows[Array.IndexOf(jobs, asked[0])]?.Id);
        Assert.Null(rows[Array.IndexOf(jobs, asked[2])]);
    }

    [Fact]
    public async Task Looks_again_for_those_who_wait_again_and_not_while_nobody_does()
    {
        var job = Guid.CreateVersion7();
        JobWatch watch = WatchOf(ids => ids.Select(RowOf));
        Task<JobRow?> first = watch.NextAsync(job);
        _time.Advance(Interval);
        await first.Within("the first look");

        _time.Advance(10 * Interval);
        Assert.Single(_looks);
        Task<JobRow?> second = watch.NextAsync(job);
        _time.Advance(Interval);

        Assert.Equal(job, (await second.Within("the second look"))?.Id);
        Assert.Equal(2, _looks.Count);
    }

    [Fact]
    public async Task Tells_an_outage_to_all_who_wait_and_looks_again()
    {
        bool isAway = true;
        JobWatch watch = WatchOf(ids => isAway ? throw new DatabaseUnavailableException("away") : ids.Select(RowOf));
        Task<JobRow?>[] waits = [watch.NextAsync(Guid.CreateVersion7()), watch.NextAsync(Guid.CreateVersion7())];
        _time.Advance(Interval);
        foreach (Task<JobRow?> wait in waits)
        {
            await Assert.ThrowsAsync<DatabaseUnavailableException>(() => wait.Within("the outage to be told"));
        }

        isAway = false;
        Task<JobRow?> next = watch.NextAsync(Guid.CreateVersion7());
        _time.Advance(Interval);

        Assert.NotNull(await next.Within("the look after the outage"));
    }

    [Fact]
    public async Task Looks_at_once_for_who_waits_for_a_job_that_is_told_of_and_for_nobody_else()
    {
        var (told, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        JobWatch watch = WatchOf(ids => ids.Select(RowOf));
        Task<JobRow?> wait = watch.NextAsync(told);
        Task<JobRow?> otherWait = watch.NextAsync(other);

        watch.Hear([Guid.CreateVersion7(), told]);

        Assert.Equal(told, (await wait.Within("the look"))?.Id);
        Assert.Equal([told], Assert.Single(_looks));
        Assert.False(otherWait.IsCompleted);
        _time.Advance(Interval);
        Assert.Equal(other, (await otherWait.Within("the look that comes anyway"))?.Id);
    }

    /// <summary>It was told of after a look at its row and before the wait for the next.</summary>
    [Fact]
    public async Task Looks_at_once_for_who_begins_to_wait_for_a_job_that_was_told_of_and_does_so_once()
    {
        var job = Guid.CreateVersion7();
        JobWatch watch = WatchOf(ids => ids.Select(RowOf));
        watch.Hear([job]);
        Assert.Empty(_looks);

        Assert.Equal(job, (await watch.NextAsync(job).Within("the look"))?.Id);
        Task<JobRow?> second = watch.NextAsync(job);

        Assert.False(second.IsCompleted);
        Assert.Single(_looks);
    }

    [Fact]
    public async Task Looks_at_once_for_all_when_any_job_may_have_changed()
    {
        JobWatch watch = WatchOf(ids => ids.Select(RowOf));
        Task<JobRow?>[] waits = [watch.NextAsync(Guid.CreateVersion7()), watch.NextAsync(Guid.CreateVersion7())];

        watch.LookNow();

        await Task.WhenAll(waits).Within("everybody to be told");
        Assert.Single(_looks);
    }

    private JobWatch WatchOf(Func<Guid[], IEnumerable<JobRow>> find) => new(
        (ids, _) =>
        {
            _looks.Enqueue(ids);
            return Task.FromResult<IReadOnlyList<JobRow>>([.. find(ids)]);
        },
        Interval,
        _time);

    private static JobRow RowOf(Guid id) => new()
    {
        Id = id,
        Dataset = "trips",
        DatasetVersion = 1,
        State = "running",
        ContentType = "text/csv",
        CreatedAt = default,
        Spool = Guid.Empty,
    };
}
