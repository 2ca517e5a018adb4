using PipelineService.Core.Jobs;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>A record that one attempt rejects and the next one loads.</summary>
public sealed class OutlivedLetterTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string Dataset = "children";
    private const int Records = 3_000;

    /// <summary>
    /// The first of several sessions has committed when the attempt breaks; before the next one rolls forward, somebody adds the
    /// row that the rejected ones refer to.
    /// </summary>
    [Fact]
    public async Task A_dead_letter_goes_when_the_next_attempt_loads_its_record()
    {
        using TemporaryFolder folder = new();
        await database.ExecuteAsync($"""
            CREATE TABLE public.parents (id bigint PRIMARY KEY);
            INSERT INTO public.parents VALUES (1);
            CREATE TABLE public.{Dataset}
                (id bigint, parent bigint REFERENCES public.parents, _job_id uuid, _record bigint);
            CREATE FUNCTION public.add_parent() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO public.parents VALUES (2) ON CONFLICT DO NOTHING; RETURN NULL; END $$;
            CREATE TRIGGER add_parent AFTER UPDATE ON pipeline.jobs
                FOR EACH ROW WHEN (NEW.waiting_for = 'database') EXECUTE FUNCTION public.add_parent()
            """);
        int port = ServiceProcess.FreePort();
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        Api api = new(http);
        await using var service = ServiceProcess.Start(
            database.ConnectionString, Path.Combine(folder.Path, "spool"), port,
            (FaultPoints.Variable, $"{FaultPoint.BetweenCommits}:throw:1"));
        Assert.True(await service.WaitUntilReadyAsync(TestContext.Current.CancellationToken), service.Log);
        await api.DeclareAsync(Dataset, "{ 'schema': { 'fields': [{ 'name': 'id', 'type': 'integer' }, { 'name': 'parent', 'type': 'integer' }] } }");

        string body = "id,parent\n" + string.Concat(Enumerable.Range(1, Records).Select(id => $"{id},{(id % 20 == 0 ? 2 : 1)}\n"));
        JobView job = await api.WhenFinalAsync((await api.UploadAsync(Dataset, body)).Job.Id);

        Assert.Contains(nameof(FaultPoint.BetweenCommits), service.FaultsReached);
        Assert.NotEqual(0, await CountAsync($"public.{Dataset} WHERE parent = 2"));
        Assert.Equal(JobState.PartiallySucceeded, job.State);
        Assert.Equal(0, await CountAsync($"public.{Dataset} JOIN pipeline.dead_letters ON job_id = _job_id AND record = _record"));
        Assert.Equal(job.Records.Rejected, await CountAsync("pipeline.dead_letters"));
        Assert.Equal(job.Records.Loaded, await CountAsync($"public.{Dataset}"));
        await EndedJob.AssertRejectsSummedUpAsync(database, job);
    }

    private Task<long> CountAsync(string from) => database.ScalarAsync<long>($"SELECT count(*) FROM {from}");
}
