using CsCheck;
using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Jobs;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Jobs;

/// <summary>Whose job a claim takes, when several have some in the queue.</summary>
public sealed class FairClaimTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private const string Dataset = "fair";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await database.ExecuteAsync($$"""
        INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at)
        SELECT name, 1, now(), now() FROM unnest(ARRAY['{{Dataset}}', 'others']) name ON CONFLICT DO NOTHING;
        INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at)
        SELECT name, 1, '{}', now() FROM unnest(ARRAY['{{Dataset}}', 'others']) name ON CONFLICT DO NOTHING
        """);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal static JobQueue QueueOf(TestDatabase database, Instance instance, SessionBudget? budget = null, TimeProvider? time = null) => new(
        database.Database, instance,
        budget ?? new SessionBudget(Options.Create(new WriteOptions()), TimeProvider.System, _ => Share.Usual),
        Options.Create(new JobsOptions { PollInterval = TimeSpan.FromHours(1) }), time ?? TimeProvider.System);

    /// <summary>
    /// Jobs of some parties, claimed as sessions become free and given back by chance: the database gives those, and in that order, that
    /// the rule alone gives when it knows all that wait.
    /// </summary>
    [Fact]
    public Task Claims_in_the_order_of_the_rule_whatever_waits_and_runs() =>
        Gen.Select(Gen.Int[0, 12].Array[1, 20], Gen.Int[1, 6], Gen.Int[0, int.MaxValue]).SampleAsync(
            async (jobsOf, sessions, seed) =>
            {
                var spool = Guid.CreateVersion7();
                for (int party = 0; party < jobsOf.Length; party++)
                {
                    await AddAsync(spool, TenantOf(party), jobsOf[party]);
                }

                (List<string> claimed, List<string> expected) = (
                    await ClaimAllAsync(spool, sessions, new Random(seed)), Expect(jobsOf, sessions, new Random(seed)));
                Assert.Equal(expected, claimed);
            },
            iter: 10,
            threads: 1);

    /// <summary>More of them than a look holds, and more looks than one: every one of them has a turn before any has two.</summary>
    [Fact]
    public async Task Comes_round_among_more_parties_than_it_looks_at()
    {
        const int Parties = JobQueue.PartiesMax + 30;
        var spool = Guid.CreateVersion7();
        await database.ExecuteAsync(AddSql(spool, "'many_' || (n / 2)", 2 * Parties));

        List<string> claimed = await ClaimAllAsync(spool, sessions: 2, new Random(1));

        Assert.Equal(2 * Parties, claimed.Count);
        Assert.Equal(Parties, claimed.Distinct().Count());
        Assert.All(claimed.GroupBy(party => party), turns => Assert.Equal(2, turns.Count()));
    }

    /// <summary>A tenant's thousands of jobs, in however many datasets, and a dataset of nobody with one.</summary>
    [Fact]
    public async Task A_single_job_comes_next_whatever_a_tenant_has_in_front_of_it()
    {
        var spool = Guid.CreateVersion7();
        await database.ExecuteAsync(AddSql(spool, "'acme'", 1_000));
        SessionBudget budget = Budget(sessions: 2);
        JobQueue queue = QueueOf(database, new Instance(), budget);
        ClaimFilter filter = new(spool, [], Suspects: false, Closed: [], Left: []);
        Assert.Equal("acme", (await queue.ClaimNextAsync(filter, Token))?.Party);
        using SessionReservation? running = budget.TryReserve(new SessionWish("t", "acme", IsSmall: false), 1, isReceiving: false);
        queue.Settle();

        await database.ExecuteAsync(AddSql(spool, "NULL::text", 1, dataset: "others"));
        budget.Await("dataset:others"); // as who registers it tells

        Assert.Equal("dataset:others", (await queue.ClaimNextAsync(filter, Token))?.Party);
    }

    /// <summary>While the last free session is kept for small ones, a big one in front is passed over by small ones of others.</summary>
    [Fact]
    public async Task Takes_a_small_one_alone_when_only_that_may_begin()
    {
        var spool = Guid.CreateVersion7();
        await database.ExecuteAsync(AddSql(spool, "'big'", 2, bytes: SessionBudget.SmallBytes));
        await database.ExecuteAsync(AddSql(spool, "'tiny'", 1, bytes: SessionBudget.SmallBytes - 1));
        SessionBudget budget = Budget(sessions: 8, small: 1);
        using SessionReservation? most = budget.TryReserve(new SessionWish("t", "x", IsSmall: false), 6, isReceiving: false);
        using SessionReservation? kept = budget.TryReserve(new SessionWish("u", "y", IsSmall: false), 1, isReceiving: false);
        Assert.True(budget.TakesSmallOnly);
        JobQueue queue = QueueOf(database, new Instance(), budget);
        ClaimFilter filter = new(spool, [], Suspects: false, Closed: [], Left: []);

        Assert.Equal(["tiny", null], [(await queue.ClaimNextAsync(filter, Token))?.Party, (await queue.ClaimNextAsync(filter, Token))?.Party]);
    }

    private static SessionBudget Budget(int sessions, int small = 0) => new(
        Options.Create(new WriteOptions { SessionsMax = sessions, SessionsPerJobMax = Math.Min(sessions, 6), SessionsSmall = small }),
        TimeProvider.System, ShareOf);

    /// <summary>With so many sessions that each job finds one: those that are kept for others are beyond these.</summary>
    private async Task<List<string>> ClaimAllAsync(Guid spool, int sessions, Random random)
    {
        SessionBudget budget = Budget(sessions: 50);
        JobQueue queue = QueueOf(database, new Instance(), budget);
        ClaimFilter filter = new(spool, [], Suspects: false, Closed: [], Left: []);
        List<string> claimed = [];
        List<SessionReservation> running = [];
        while (await queue.ClaimNextAsync(filter, Token) is { } job)
        {
            claimed.Add(job.Party);
            running.Add(budget.TryReserve(new SessionWish($"{claimed.Count}", job.Party, IsSmall: true), 1, isReceiving: false)!);
            queue.Settle();
            if (running.Count == sessions)
            {
                int ended = random.Next(sessions);
                running[ended].Dispose();
                running.RemoveAt(ended);
            }
        }

        return claimed;
    }

    private static List<string> Expect(int[] jobsOf, int sessions, Random random)
    {
        FairShares shares = new(ShareOf);
        Dictionary<string, int> waiting = [];
        foreach (string party in Enumerable.Range(0, jobsOf.Length).Where(party => jobsOf[party] > 0).Select(TenantOf).Order(StringComparer.Ordinal))
        {
            shares.Wait(party);
        }

        for (int party = 0; party < jobsOf.Length; party++)
        {
            waiting[TenantOf(party)] = jobsOf[party];
        }

        List<string> claimed = [];
        List<string> running = [];
        while (shares.Next(1) is [var next])
        {
            claimed.Add(next);
            running.Add(next);
            shares.Take(next, 1);
            if (--waiting[next] == 0)
            {
                shares.StopWaiting(next);
            }

            if (running.Count == sessions)
            {
                int ended = random.Next(sessions);
                shares.GiveBack(running[ended], 1);
                running.RemoveAt(ended);
            }
        }

        return claimed;
    }

    private static string TenantOf(int party) => $"tenant-{party}";

    private static Share ShareOf(string party) => new(1 + (party[^1] % 3));

    private Task AddAsync(Guid spool, string tenant, int count) => database.ExecuteAsync(AddSql(spool, $"'{tenant}'", count));

    private static string AddSql(Guid spool, string tenant, int count, string dataset = Dataset, long bytes = 1) => $"""
        INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, upload_bytes, upload_complete, created_at, spool, tenant)
        SELECT gen_random_uuid(), '{dataset}', 1, 'queued', 'text/csv', {bytes}, true, now(), '{spool}', {tenant}
        FROM generate_series(0, {count - 1}) n
        """;
}
