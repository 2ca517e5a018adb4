using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>When the last attempt of a job that has ended its process may begin.</summary>
public sealed class SuspectJobTests : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private static readonly Guid Spool = Guid.CreateVersion7();

    private readonly TestDatabase _database;
    private readonly FakeTimeProvider _time = new();
    private readonly Instance _instance = new();
    private readonly SessionBudget _budget;
    private readonly JobQueue _queue;
    private readonly SuspectJob _suspects;

    public SuspectJobTests(TestDatabase database)
    {
        IOptions<JobsOptions> options = Options.Create(new JobsOptions { AttemptsMax = 3 });
        _database = database;
        _budget = new SessionBudget(Options.Create(new WriteOptions()), _time, _ => Share.Usual);
        _queue = new JobQueue(database.Database, _instance, _budget, options, TimeProvider.System);
        _suspects = new SuspectJob(_queue, _budget, options, _time, NullLogger<SuspectJob>.Instance);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _database.ExecuteAsync($"""
        INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('doubted', 1, now(), now())
            ON CONFLICT DO NOTHING;
        INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('doubted', 1, '{"{}"}', now())
            ON CONFLICT DO NOTHING;
        TRUNCATE pipeline.jobs CASCADE;
        INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, upload_complete, created_at, spool, attempt, received_at)
        SELECT ('00000000-0000-7000-8000-00000000000' || attempt)::uuid, 'doubted', 1, 'queued', 'text/csv', true, now(), '{Spool}', attempt, now()
        FROM generate_series(0, 2) attempt
        """);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Begins_before_all_others_when_nothing_runs()
    {
        Assert.True(await MayBeginAsync());

        Assert.Equal([3, 1, 2], [await ClaimAsync(suspects: true), await ClaimAsync(suspects: true), await ClaimAsync(suspects: true)]);
    }

    [Fact]
    public async Task Holds_nobody_up_while_others_run_and_begins_beside_them_after_a_while()
    {
        using SessionReservation other = _budget.TryReserve(new SessionWish("a", "a", IsSmall: false), 1, isReceiving: false)!;
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(await MayBeginAsync());
        Assert.NotNull(_budget.TryReserve(new SessionWish("b", "b", IsSmall: false), 1, isReceiving: false));
        Assert.Equal([1, 2, null], [await ClaimAsync(suspects: false), await ClaimAsync(suspects: false), await ClaimAsync(suspects: false)]);

        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(await MayBeginAsync());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await MayBeginAsync());
        Assert.Equal(3, await ClaimAsync(suspects: true));
    }

    [Fact]
    public async Task Never_begins_beside_another_one()
    {
        TaskCompletionSource run = new();
        Assert.True(await MayBeginAsync());
        _suspects.Looked(run.Task);

        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(await MayBeginAsync());

        run.SetResult();
        Assert.True(await MayBeginAsync());
    }

    private Task<bool> MayBeginAsync() => _suspects.MayBeginAsync(Spool, [_instance.Id], Token);

    /// <returns>Which attempt of which job was begun; the jobs differ by that.</returns>
    private async Task<int?> ClaimAsync(bool suspects) =>
        (await _queue.ClaimNextAsync(new ClaimFilter(Spool, [_instance.Id], suspects, Closed: [], Left: []), Token))?.Attempt;
}
