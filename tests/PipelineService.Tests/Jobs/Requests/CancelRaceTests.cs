using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>
/// A cancel and something else at the same moment. Who is first is fixed by locks that the test holds: a trigger on the job
/// rows, or the row itself.
/// </summary>
public sealed class CancelRaceTests(CancelRaceTests.SmallChunks running) : IClassFixture<CancelRaceTests.SmallChunks>
{
    private const int Records = 3_000;

    private readonly Api _api = running.Api;

    [Fact]
    public async Task Comes_too_late_for_a_commit_that_is_under_way()
    {
        await _api.DeclareAsync("late", Readings.Definition().Replace("] }", "], 'primaryKey': ['id'] }", StringComparison.Ordinal));
        await using NpgsqlConnection gate = await HoldJobsAsync("late", "NEW.state = 'succeeded'");
        Guid id = (await _api.UploadAsync("late", Readings.Csv(Records))).Job.Id;
        await running.Database.WhenBlockedAsync("UPDATE pipeline.jobs j");

        Task<ApiAnswer> cancel = _api.CancelAsync(id);
        await running.Database.WhenBlockedAsync("SET cancel_requested = true");
        await ReleaseAsync(gate);

        ApiAnswer answer = await cancel;
        Assert.Equal((HttpStatusCode.Conflict, "job_final"), (answer.Status, answer.Problem.Code));
        await AssertLoadedAsync(id, "late");
    }

    [Fact]
    public async Task Is_refused_once_the_first_of_several_sessions_has_committed_and_the_job_goes_forward()
    {
        await _api.DeclareAsync("committing", Readings.Definition());
        await using NpgsqlConnection gate = await HoldJobsAsync("committing", "OLD.state = 'committing' AND NEW.state = 'succeeded'");
        Guid id = (await _api.UploadAsync("committing", Readings.Csv(Records))).Job.Id;
        await BoundedWait.UntilAsync("the first session to have committed", () =>
            running.Database.ScalarAsync<bool>($"SELECT state = 'committing' FROM pipeline.jobs WHERE id = '{id}'"));

        ApiAnswer cancel = await _api.CancelAsync(id);
        ApiAnswer revert = await _api.RevertAsync(id);
        await ReleaseAsync(gate);

        Assert.Equal((HttpStatusCode.Conflict, "job_committing"), (cancel.Status, cancel.Problem.Code));
        Assert.Equal((HttpStatusCode.Conflict, "job_not_final"), (revert.Status, revert.Problem.Code));
        await AssertLoadedAsync(id, "committing");
        Assert.Equal(1, await running.Database.ScalarAsync<long>($"SELECT epoch FROM pipeline.jobs WHERE id = '{id}'"));
    }

    /// <summary>And that owner dies before it could heed it: whoever takes the job over does.</summary>
    [Theory]
    [InlineData("claimed_job", "job")]
    [InlineData("claimed_chunks", "chunk")]
    public async Task Is_written_for_the_owner_who_was_faster_and_survives_it(string dataset, string commit)
    {
        await _api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        Guid id = (await QueueAsync(dataset)).Id;
        await using NpgsqlConnection other = await running.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlTransaction claim = await other.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(other, $"""
            UPDATE pipeline.jobs SET state = 'running', owner = gen_random_uuid(), lease_until = now() + interval '1 hour',
                   epoch = epoch + 1, attempt = 1, started_at = now()
            WHERE id = '{id}'
            """);

        Task<ApiAnswer> cancel = _api.CancelAsync(id);
        await running.Database.WhenBlockedAsync("SET cancel_requested = true");
        await claim.CommitAsync(TestContext.Current.CancellationToken);
        await BoundedWait.UntilAsync("the owner to be asked", () =>
            running.Database.ScalarAsync<bool>($"SELECT cancel_requested FROM pipeline.jobs WHERE id = '{id}'"));
        await running.Database.ExecuteAsync($"UPDATE pipeline.jobs SET lease_until = now() - interval '1 s', spool = '{running.SpoolId}' WHERE id = '{id}'");

        ApiAnswer answer = await cancel;
        Assert.Equal((HttpStatusCode.Accepted, JobState.Cancelled), (answer.Status, answer.Job.State));
        Assert.Equal(new RecordsView(0, 0, 0, 0), answer.Job.Records);
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, answer.Job, dataset);
    }

    [Fact]
    public async Task Ends_a_queued_job_before_anybody_takes_it_up()
    {
        await _api.DeclareAsync("waiting", Readings.Definition());
        JobView job = await QueueAsync("waiting");
        Assert.Equal(JobState.Queued, job.State);

        ApiAnswer cancel = await _api.CancelAsync(job.Id);

        Assert.Equal((HttpStatusCode.Accepted, JobState.Cancelled), (cancel.Status, cancel.Job.State));
        Assert.Equal(new RecordsView(0, 0, 0, 0), cancel.Job.Records);
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, cancel.Job, "waiting");
    }

    /// <summary>A connection that was given up may still be committing a chunk when the job's end is written.</summary>
    [Fact]
    public async Task End_counts_a_chunk_that_commits_at_the_same_moment()
    {
        await _api.DeclareAsync("counted", Readings.Definition("'load': { 'commit': 'chunk' }"));
        JobView job = await QueueAsync("counted");
        await using NpgsqlConnection chunk = await running.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlTransaction committing = await chunk.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(chunk, $"""
            SELECT pipeline.require_epoch('{job.Id}', 0);
            INSERT INTO public.counted (id, _job_id, _record) VALUES (1, '{job.Id}', 1), (2, '{job.Id}', 2);
            INSERT INTO pipeline.job_chunks VALUES ('{job.Id}', 15, 40, 1, 2, 2, 2, 2, 0, 0, 0)
            """);

        Task end = running.Service.Services.GetRequiredService<JobEndings>().EndAsync(
            job.Id, epoch: 0, JobState.Cancelled, error: null, columns: null, TestContext.Current.CancellationToken);
        await running.Database.WhenBlockedAsync("pipeline.jobs");
        await committing.CommitAsync(TestContext.Current.CancellationToken);
        await end.Within("the end of the job");

        job = (await _api.GetAsync(job.Links.Self)).Job;
        Assert.Equal((JobState.Cancelled, new RecordsView(2, 2, 0, 0)), (job.State, job.Records));
    }

    /// <summary>A job that is sealed, registered and not taken up: its row says that another spool has it.</summary>
    private async Task<JobView> QueueAsync(string dataset)
    {
        await running.Database.ExecuteAsync("""
            CREATE OR REPLACE FUNCTION public.elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                NEW.spool := gen_random_uuid(); NEW.state := 'queued'; NEW.owner := NULL; NEW.lease_until := NULL; NEW.epoch := 0;
                RETURN NEW;
            END $$;
            CREATE TRIGGER elsewhere BEFORE INSERT ON pipeline.jobs FOR EACH ROW EXECUTE FUNCTION public.elsewhere()
            """);
        try
        {
            Guid id = (await _api.UploadAsync(dataset, Readings.Csv(3))).Job.Id;
            return await _api.WhenAsync(id, "queued", j => j.State == JobState.Queued);
        }
        finally
        {
            await running.Database.ExecuteAsync("DROP TRIGGER elsewhere ON pipeline.jobs");
        }
    }

    private async Task<NpgsqlConnection> HoldJobsAsync(string dataset, string condition)
    {
        await running.Database.ExecuteAsync($"""
            CREATE FUNCTION public.hold_{dataset}() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext('{dataset}')); RETURN NEW; END $$;
            CREATE TRIGGER hold_{dataset} BEFORE UPDATE ON pipeline.jobs FOR EACH ROW
                WHEN (NEW.dataset = '{dataset}' AND {condition}) EXECUTE FUNCTION public.hold_{dataset}()
            """);
        NpgsqlConnection holder = await running.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(holder, $"SELECT pg_advisory_lock(hashtext('{dataset}'))");
        return holder;
    }

    private static Task ReleaseAsync(NpgsqlConnection holder) => ExecuteAsync(holder, "SELECT pg_advisory_unlock_all()");

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private async Task AssertLoadedAsync(Guid id, string table)
    {
        JobView job = await _api.WhenFinalAsync(id);
        Assert.Equal((JobState.Succeeded, new RecordsView(Records, Records, 0, 0)), (job.State, job.Records));
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, job, table);
    }

    public sealed class SmallChunks(PostgresServer server) : RunningService(server)
    {
        public Guid SpoolId => Guid.Parse(File.ReadAllText(Path.Combine(Service.SpoolDirectory, "spool.id")).Trim());

        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Spool:ChunkBytes", "4096"), ("Jobs:PollInterval", "00:00:00.050")];
    }
}
