using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>Jobs that no try helps end with the reason, while the database answers.</summary>
public sealed class HopelessJobTests(HopelessJobTests.Impatient running) : IClassFixture<HopelessJobTests.Impatient>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task A_chunk_that_never_gets_done_ends_its_job_and_names_the_time_limit()
    {
        await _api.DeclareAsync("slow", Readings.Definition());
        await _api.DeclareAsync("beside_slow", Readings.Definition());
        await running.Database.ExecuteAsync("""
            CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;
            CREATE TRIGGER dawdle BEFORE INSERT ON public.slow FOR EACH ROW EXECUTE FUNCTION public.dawdle()
            """);

        Guid[] ids = [.. await Task.WhenAll(Enumerable.Range(0, 9).Select(async _ => (await _api.UploadAsync("slow", Readings.Csv(1))).Job.Id))];

        Assert.Equal(JobState.Succeeded, (await _api.LoadAsync("beside_slow", Readings.Csv(1))).State);
        JobView job = await _api.WhenFinalAsync(ids[0]);
        Assert.Equal((JobState.Failed, "target_too_slow"), (job.State, job.Error!.Code));
        Assert.Contains("time limit of 00:00:02 (Write:ChunkTimeout)", job.Error.Detail!, StringComparison.Ordinal);
        foreach (Guid id in ids)
        {
            await _api.CancelAsync(id); // the others would come to the same end, one after the other
        }

        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, job, "slow");
    }

    [Fact]
    public async Task A_table_that_is_held_for_too_long_ends_the_job_and_names_the_time_limit()
    {
        await _api.DeclareAsync("held_on", Readings.Definition());
        await using TableLock table = await TableLock.TakeAsync(running.Database, "held_on");

        Guid id = (await _api.UploadAsync("held_on", Readings.Csv(1))).Job.Id;

        JobView job = await _api.WhenFinalAsync(id);
        await table.ReleaseAsync();
        Assert.Equal((JobState.Failed, "target_held"), (job.State, job.Error!.Code));
        Assert.Contains("time limit of 00:00:02 (Jobs:TableWaitMax)", job.Error.Detail!, StringComparison.Ordinal);
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, job, "held_on");
    }

    /// <summary>U+0000 is what PostgreSQL can keep neither in text nor in jsonb.</summary>
    [Fact]
    public async Task A_job_whose_reason_quotes_a_NUL_ends()
    {
        await _api.DeclareAsync("nul", Readings.Definition());

        JobView job = await _api.LoadAsync("nul", "id,na\0me,amount\n1,a,2\n");

        Assert.Equal((JobState.Failed, "header_mismatch"), (job.State, job.Error!.Code));
    }

    [Fact]
    public async Task A_job_whose_reason_cannot_be_written_ends_with_a_plain_one()
    {
        await _api.DeclareAsync("unwritable", Readings.Definition());
        Guid id = (await _api.LoadAsync("unwritable", Readings.Csv(1))).Id;
        await (running.Service.Services.GetRequiredService<LiveJobs>().Find(id)?.Run ?? Task.CompletedTask); // it still looks at its row
        await running.Database.ExecuteAsync($"""
            UPDATE pipeline.jobs SET state = 'running', finished_at = NULL, owner = gen_random_uuid(), lease_until = now() + interval '1 h'
            WHERE id = '{id}'
            """);

        await running.Service.Services.GetRequiredService<JobEndings>().EndAsync(
            id, epoch: 1, JobState.Failed, """{ "detail": "\u0000" }""", ["\0"], TestContext.Current.CancellationToken);

        Assert.Equal("failed internal_error", await running.Database.ScalarAsync<string>(
            $"SELECT concat_ws(' ', state, error->>'code', upload_columns) FROM pipeline.jobs WHERE id = '{id}'"));
    }

    public sealed class Impatient(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Write:LockTimeout", "00:00:01"), ("Write:ChunkTimeout", "00:00:02"), ("Jobs:PollInterval", "00:00:00.100"),
            ("Jobs:TableWaitMax", "00:00:02"), ("Jobs:AttemptsMax", "2"),
        ];
    }
}
