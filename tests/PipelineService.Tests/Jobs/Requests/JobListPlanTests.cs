using System.Globalization;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>What a page of the list of jobs reads, for each thing that can be asked: a page, however many jobs there are.</summary>
public sealed class JobListPlanTests(JobListPlanTests.ManyJobs many) : IClassFixture<JobListPlanTests.ManyJobs>
{
    private const int Limit = 20;

    private static readonly DateTime End = new(2026, 11, 26, 0, 0, 0, DateTimeKind.Utc);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, JobFilter> Filters => new()
    {
        { "all", Of() },
        { "dataset, frequent", Of() with { Dataset = "often" } },
        { "dataset, rare", Of() with { Dataset = "rarely" } },
        { "dataset, none", Of() with { Dataset = "never" } },
        { "table", Of() with { Table = "public.rarely" } },
        { "source, rare", Of() with { Source = "seldom" } },
        { "source, none", Of() with { Source = "nobody" } },
        { "state, frequent", Of() with { States = ["succeeded"] } },
        { "state, rare", Of() with { States = ["failed", "cancelled"] } },
        { "state, none that has not ended", Of() with { States = ["running", "committing"] } },
        { "created after", Of() with { CreatedAfter = End.AddHours(-1) } },
        { "created in a range", Of() with { CreatedAfter = End.AddHours(-9), CreatedBefore = End.AddHours(-8) } },
        { "created before all", Of() with { CreatedBefore = End.AddDays(-300) } },
        { "finished after", Of() with { FinishedAfter = End.AddHours(-1) } },
        { "finished after all", Of() with { FinishedAfter = End.AddDays(1) } },
        { "finished before", Of() with { FinishedBefore = End.AddHours(-9) } },
        { "finished before all", Of() with { FinishedBefore = End.AddDays(-300) } },
        { "next page", Of() with { Cursor = IdAt(End.AddHours(-5)) } },
        { "dataset and state", Of() with { Dataset = "rarely", States = ["failed"] } },
    };

    [Theory]
    [MemberData(nameof(Filters), DisableDiscoveryEnumeration = true)]
    public async Task Reads_what_it_shows(string what, JobFilter filter)
    {
        QueryPlan plan = await QueryPlan.OfAsync(many.DataSource, JobListSql.Page(filter), JobStore.ValuesOf(filter), Token);

        Assert.False(plan.Scans("jobs"), what);
        Assert.InRange(plan.RowsOf("jobs"), 0, ManyJobs.Count / 50);
    }

    private static JobFilter Of() => new() { Limit = Limit };

    private static Guid IdAt(DateTime time) => Guid.CreateVersion7(new DateTimeOffset(time));

    public sealed class ManyJobs(PostgresServer server) : TestDatabase(server)
    {
        public const int Count = 40_000;

        public override async ValueTask InitializeAsync()
        {
            await base.InitializeAsync();
            string end = End.ToString("O", CultureInfo.InvariantCulture);
            await ExecuteAsync($$"""
                INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at)
                SELECT name, 1, now(), now() FROM unnest('{often, rarely}'::text[]) name;
                INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at)
                SELECT name, 1, jsonb_build_object('load', jsonb_build_object('table', 'public.' || name)), now()
                FROM unnest('{often, rarely}'::text[]) name;

                INSERT INTO pipeline.jobs
                    (id, dataset, dataset_version, state, source, content_type, upload_complete, error, created_at, finished_at, spool)
                SELECT (lpad(to_hex((extract(epoch FROM created) * 1000)::bigint), 12, '0') || '700080000000000' || lpad(to_hex(n), 5, '0'))::uuid,
                       CASE WHEN n % 2000 = 0 THEN 'rarely' ELSE 'often' END, 1,
                       CASE WHEN n % 2500 = 0 THEN 'failed' ELSE 'succeeded' END,
                       CASE WHEN n % 3000 = 0 THEN 'seldom' WHEN n % 2 = 0 THEN 'mostly' END, 'text/csv', true,
                       CASE WHEN n % 2500 = 0 THEN '{}'::jsonb END, created, created + interval '1 s', '{{Guid.CreateVersion7()}}'
                FROM (SELECT n, '{{end}}'::timestamptz - n * interval '1 s' AS created FROM generate_series(1, {{Count}}) n) jobs;
                ANALYZE pipeline.jobs
                """);
        }
    }
}
