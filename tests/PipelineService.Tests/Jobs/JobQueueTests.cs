using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Jobs;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Jobs;

/// <summary>Which job a claim takes when many wait, and what it reads for that.</summary>
public sealed class JobQueueTests(JobQueueTests.ManyJobs many) : IClassFixture<JobQueueTests.ManyJobs>
{
    private const int Many = 20_000;

    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>However many wait, are finished or wait for their time; one bound for all.</summary>
    [Theory]
    [InlineData("waiting", false)]
    [InlineData("waiting", true)]
    [InlineData("finished", false)]
    [InlineData("postponed", false)]
    [InlineData("due", false)]
    [InlineData("due", true)]
    [InlineData("left behind", false)]
    public async Task Reads_a_bounded_number_of_rows(string kind, bool behindClosedTable)
    {
        JobQueue queue = Queue();
        ClaimFilter filter = new(many.SpoolOf(kind), [], Suspects: true, behindClosedTable ? [("first", 1)] : [], []);

        QueryPlan plan = await QueryPlan.OfAnyValuesAsync(
            many.DataSource,
            JobQueueSql.ClaimFirst,
            queue.ValuesOf(
                filter, filter.Closed, ["dataset:first", "dataset:second", "dataset:third"], TimeProvider.System.GetUtcNow().UtcDateTime),
            Token);

        Assert.False(plan.Scans("jobs"));
        Assert.InRange(plan.RowsOf("jobs"), 0, 2 * JobQueue.HeadsMax * JobQueueSql.LookMax);
        Assert.InRange(plan.RowsSorted, 0, JobQueue.HeadsMax * JobQueueSql.LookMax);
        Assert.Contains("jobs_waiting_by_party", plan.Indexes);
    }

    [Fact]
    public async Task Reads_one_row_of_each_dataset_when_the_head_of_the_queue_has_to_wait()
    {
        JobQueue queue = Queue();
        ClaimFilter filter = new(many.SpoolOf("waiting"), [], Suspects: false, [], []);

        QueryPlan datasets = await QueryPlan.OfAsync(
            many.DataSource, JobQueueSql.FindDatasets,
            new { spool = filter.Spool, dataset = "", version = 0, look = JobQueue.DatasetsMax }, Token);
        QueryPlan claim = await QueryPlan.OfAnyValuesAsync(
            many.DataSource, JobQueueSql.ClaimFirstOf,
            queue.ValuesOf(filter, [("second", 1), ("third", 1)], [], TimeProvider.System.GetUtcNow().UtcDateTime), Token);

        Assert.False(datasets.Scans("jobs"));
        Assert.InRange(datasets.RowsOf("jobs"), 3, 6);
        Assert.Contains("jobs_waiting_by_dataset", claim.Indexes);
        Assert.InRange(claim.RowsOf("jobs"), 1, 10);
    }

    [Fact]
    public async Task Finds_who_waits_with_one_row_of_each()
    {
        QueryPlan parties = await QueryPlan.OfAsync(
            many.DataSource, JobQueueSql.FindParties, new { spool = many.SpoolOf("waiting"), party = "", look = JobQueue.PartiesMax }, Token);

        Assert.Equal(["jobs_waiting_by_party"], parties.Indexes);
        Assert.InRange(parties.RowsOf("jobs"), 3, 6);
    }

    [Fact]
    public async Task Takes_the_oldest_for_an_open_table_from_behind_all_those_that_have_to_wait()
    {
        JobQueue queue = Queue();
        ClaimFilter filter = new(many.SpoolOf("to be claimed"), [], Suspects: false, [("first", 1)], []);

        string?[] claimed = [await ClaimAsync(queue, filter), await ClaimAsync(queue, filter), await ClaimAsync(queue, filter)];

        Assert.Equal(["19998", "19999", null], claimed);
        Assert.Equal("1", await ClaimAsync(queue, filter with { Closed = [] }));
    }

    /// <summary>More than a look holds wait for closed tables, dataset by dataset: the looks after it come to the others.</summary>
    [Fact]
    public async Task Takes_one_in_the_end_when_very_many_datasets_have_to_wait()
    {
        JobQueue queue = Queue();
        var spool = Guid.CreateVersion7();
        (string, int)[] closed = [.. Enumerable.Range(0, 2 * JobQueue.DatasetsMax).Select(i => ($"many_{i:000}", 1))];
        foreach ((string name, _) in closed.Append(("open", 1)))
        {
            await many.DeclareAsync(name);
        }

        await many.AddAsync(spool, "many_", 2 * JobQueue.DatasetsMax, dataset: "'many_' || lpad((n - 1)::text, 3, '0')");
        await many.AddAsync(spool, "many_", 1, dataset: "'open'", first: 9_000);
        ClaimFilter filter = new(spool, [], Suspects: false, closed, []);

        string?[] claimed = [await ClaimAsync(queue, filter), await ClaimAsync(queue, filter), await ClaimAsync(queue, filter)];

        Assert.Equal([null, "9000", null], claimed);
    }

    /// <summary>Its upload took long, and has an older id than jobs that were claimed meanwhile.</summary>
    [Fact]
    public async Task Sees_one_that_comes_to_the_queue_with_an_older_id_at_the_next_look()
    {
        JobQueue queue = Queue();
        var spool = Guid.CreateVersion7();
        ClaimFilter filter = new(spool, [], Suspects: false, [], []);
        await many.AddAsync(spool, "late", 4, first: 100_002);
        Assert.Equal("100002", await ClaimAsync(queue, filter));

        await many.AddAsync(spool, "late", 1, first: 100_001);
        Assert.Equal("100003", await ClaimAsync(queue, filter));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(
            ["100001", "100004", "100005", null],
            [await ClaimAsync(queue, filter), await ClaimAsync(queue, filter), await ClaimAsync(queue, filter), await ClaimAsync(queue, filter)]);

        await many.AddAsync(spool, "late", 1, first: 100_000);
        Assert.Equal("100000", await ClaimAsync(queue, filter));
    }

    /// <summary>Two that look at the same head at the same moment take different jobs, and wait for nobody.</summary>
    [Fact]
    public async Task Passes_over_what_another_claim_is_just_taking()
    {
        var spool = Guid.CreateVersion7();
        await many.AddAsync(spool, "raced", 2, first: 200_000);
        await using NpgsqlConnection other = await many.DataSource.OpenConnectionAsync(Token);
        await using NpgsqlTransaction transaction = await other.BeginTransactionAsync(Token);
        await using (NpgsqlCommand take = new(
            $"SELECT FROM pipeline.jobs WHERE spool = '{spool}' ORDER BY id LIMIT 1 FOR NO KEY UPDATE", other, transaction))
        {
            await take.ExecuteNonQueryAsync(Token);
        }

        ClaimFilter filter = new(spool, [], Suspects: false, [], []);
        Assert.Equal(["200001", null], [await ClaimAsync(Queue(), filter), await ClaimAsync(Queue(), filter)]);
    }

    private JobQueue Queue() => new(
        many.Database, new Instance(), new SessionBudget(Options.Create(new WriteOptions()), _time, _ => Share.Usual),
        Options.Create(new JobsOptions()), _time);

    private static async Task<string?> ClaimAsync(JobQueue queue, ClaimFilter filter) =>
        (await queue.ClaimNextAsync(filter, Token))?.Source;

    public sealed class ManyJobs(PostgresServer server) : TestDatabase(server)
    {
        private readonly Dictionary<string, Guid> _spools = [];

        public override async ValueTask InitializeAsync()
        {
            await base.InitializeAsync();
            foreach (string name in (string[])["first", "second", "third"])
            {
                await DeclareAsync(name);
            }

            const string Dataset = "CASE WHEN n < 19998 THEN 'first' WHEN n = 19998 THEN 'second' ELSE 'third' END";
            await AddAsync(SpoolOf("waiting"), "waiting", Many, Dataset);
            await AddAsync(SpoolOf("to be claimed"), "claimed", 19_999, Dataset);
            await AddAsync(SpoolOf("finished"), "finished", Many, more: ("finished_at, state", "now(), 'succeeded'"));
            await AddAsync(SpoolOf("postponed"), "postponed", Many, more: ("not_before", "now() + interval '1 h'"));
            await AddAsync(SpoolOf("due"), "due", Many, more: ("not_before", "now() - interval '1 h'"));
            await AddAsync(
                SpoolOf("left behind"), "left", 20, more: ("owner, lease_until, attempt", "gen_random_uuid(), now() - interval '1 s', 2"));
            await ExecuteAsync("ANALYZE pipeline.jobs");
        }

        public Guid SpoolOf(string kind) => _spools.TryGetValue(kind, out Guid spool) ? spool : _spools[kind] = Guid.CreateVersion7();

        public Task DeclareAsync(string name) => ExecuteAsync($$"""
            INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('{{name}}', 1, now(), now());
            INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('{{name}}', 1, '{}', now())
            """);

        /// <param name="series">Tells their ids from those of other calls.</param>
        /// <param name="dataset">As an expression over their numbers, which count from <paramref name="first"/>.</param>
        public Task AddAsync(
            Guid spool, string series, int count, string dataset = "'first'", int first = 1, (string Columns, string Values)? more = null)
        {
            string state = more?.Columns.Contains("state", StringComparison.Ordinal) == true ? "" : ", state";
            return ExecuteAsync($"""
                INSERT INTO pipeline.jobs
                    (id, dataset, dataset_version, content_type, upload_complete, created_at, spool, source{state}{(more is null ? "" : $", {more.Value.Columns}")})
                SELECT (left(md5('{series}'), 8) || '-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, {dataset}, 1, 'text/csv', true, now(),
                       '{spool}', n::text{(state.Length == 0 ? "" : ", 'queued'")}{(more is null ? "" : $", {more.Value.Values}")}
                FROM generate_series({first}, {first + count - 1}) n
                """);
        }
    }
}
