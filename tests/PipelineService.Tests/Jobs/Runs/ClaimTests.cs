using Npgsql;
using PipelineService.Hosting;
using PipelineService.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

public sealed class ClaimTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static readonly Guid Job = Guid.CreateVersion7();
    private static readonly Guid Spool = Guid.CreateVersion7();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Untried jobs in their order, then the one that waits for longest; none of a closed table, and none before its time.</summary>
    [Fact]
    public async Task Takes_the_next_job_for_which_a_table_is_open()
    {
        var spool = Guid.CreateVersion7();
        await database.ExecuteAsync($$"""
            INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('closed', 2, now(), now());
            INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at)
            VALUES ('closed', 1, '{}', now()), ('closed', 2, '{}', now());
            INSERT INTO pipeline.jobs
                (id, dataset, dataset_version, state, content_type, upload_complete, created_at, spool, source, waiting_for, not_before)
            SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'closed', version, 'queued', 'text/csv', true, now(), '{{spool}}',
                   source, waiting_for, now() + wait
            FROM (VALUES (1, 1, 'behind a closed table', NULL, NULL::interval), (2, 2, 'waits on', 'table', interval '1 h'),
                         (3, 2, 'waited shortly', 'table', interval '-1 s'), (4, 2, 'waited long', 'spool', interval '-1 h'),
                         (5, 2, 'first', NULL, NULL), (6, 2, 'second', NULL, NULL))
                AS jobs (n, version, source, waiting_for, wait)
            """);
        Instance instance = new();
        JobQueue queue = FairClaimTests.QueueOf(database, instance);

        List<string?> claimed = [];
        for (int i = 0; i < 5; i++)
        {
            claimed.Add((await queue.ClaimNextAsync(
                new ClaimFilter(spool, [instance.Id], Suspects: false, Closed: [("closed", 1)], Left: []), Token))?.Source);
        }

        Assert.Equal(["first", "second", "waited long", "waited shortly", null], claimed);
    }

    /// <summary>
    /// A checkpoint that is not committed holds the row of its job by the foreign key. An instance that hung with one was never
    /// replaced.
    /// </summary>
    [Fact]
    public async Task Takes_a_job_over_whose_owner_hangs_in_the_middle_of_its_transaction()
    {
        await database.ExecuteAsync($$"""
            INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('hung', 1, now(), now());
            INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('hung', 1, '{}', now());
            INSERT INTO pipeline.jobs
                (id, dataset, dataset_version, state, content_type, upload_complete, created_at, spool, owner, lease_until, epoch, attempt)
            VALUES ('{{Job}}', 'hung', 1, 'running', 'text/csv', true, now(), '{{Spool}}', gen_random_uuid(), now() - interval '1 s', 1, 1)
            """);
        await using NpgsqlConnection hung = await database.DataSource.OpenConnectionAsync(Token);
        await using NpgsqlTransaction transaction = await hung.BeginTransactionAsync(Token);
        await using NpgsqlCommand checkpoint = new(
            $"""
            INSERT INTO pipeline.job_chunks
                (job_id, start_offset, end_offset, first_record, first_line, lines, read, loaded, rejected, filtered, epoch)
            VALUES ('{Job}', 0, 10, 1, 1, 1, 1, 1, 0, 0, 1)
            """,
            hung,
            transaction);
        await checkpoint.ExecuteNonQueryAsync(Token);
        Instance instance = new();
        JobQueue queue = FairClaimTests.QueueOf(database, instance);

        JobRow? claimed = await queue.ClaimNextAsync(new ClaimFilter(Spool, [instance.Id], Suspects: false, Closed: [], Left: []), Token);

        Assert.Equal((Job, instance.Id, 2L), (claimed?.Id, claimed?.Owner, claimed?.Epoch));
    }

    /// <summary>
    /// Its jobs are untouched as long as it has one, whatever their rows say else. On a machine that has just started: the first look is due
    /// at once, however short the clock has run.
    /// </summary>
    [Fact]
    public async Task Takes_jobs_of_an_instance_only_when_its_lease_is_over()
    {
        (Guid spool, Guid living, Guid dead) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await database.ExecuteAsync($$"""
            INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('owned', 1, now(), now());
            INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('owned', 1, '{}', now());
            INSERT INTO pipeline.instances (id, spool, host, version, lease_until)
            VALUES ('{{living}}', '{{spool}}', 'here', '1', now() + interval '1 h'), ('{{dead}}', '{{spool}}', 'here', '1', now());
            INSERT INTO pipeline.jobs
                (id, dataset, dataset_version, state, content_type, upload_complete, created_at, spool, source, owner, lease_until, epoch, attempt)
            SELECT gen_random_uuid(), 'owned', 1, state, 'text/csv', true, now(), '{{spool}}', source, owner::uuid, 'infinity', 1, 1
            FROM (VALUES ('running', 'of the living', '{{living}}'), ('running', 'of the dead', '{{dead}}'),
                         ('receiving', 'on its way to the dead', '{{dead}}')) AS jobs (state, source, owner)
            """);
        Instance instance = new();
        JobQueue queue = FairClaimTests.QueueOf(database, instance, time: new JustStarted());
        ClaimFilter filter = new(spool, [instance.Id], Suspects: false, Closed: [], Left: []);

        JobRow? first = await queue.ClaimNextAsync(filter, Token);

        Assert.Equal(("of the dead", instance.Id, 2L, 2), (first?.Source, first?.Owner, first?.Epoch, first?.Attempt));
        Assert.Null(await queue.ClaimNextAsync(filter, Token));
    }

    private sealed class JustStarted : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
