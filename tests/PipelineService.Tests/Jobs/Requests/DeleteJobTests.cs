using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>A job that has ended can be deleted: it and its dead letters go, its rows stay, and its key is free.</summary>
public sealed class DeleteJobTests(RunningService running) : IClassFixture<RunningService>
{
    private const string Data = Readings.Header + "1,a,1\nx,b,2\n";

    private readonly Api _api = running.Api;

    [Fact]
    public async Task Takes_the_job_out_of_sight_and_erases_its_dead_letters()
    {
        await _api.DeclareAsync("gone", Readings.Definition());
        JobView job = await _api.LoadAsync("gone", Data);
        JobView other = await _api.LoadAsync("gone", Data);

        ApiAnswer answer = await _api.DeleteAsync(job.Links.Self);

        Assert.Equal((HttpStatusCode.NoContent, ""), (answer.Status, answer.Body));
        Assert.All(
            new[]
            {
                await _api.GetAsync(job.Links.Self), await _api.GetAsync(job.Links.Self, ("Prefer", "wait=30")),
                await _api.GetAsync(job.Links.DeadLetters), await _api.RevertAsync(job.Id), await _api.CancelAsync(job.Id),
                await _api.DeleteAsync(job.Links.Self),
            },
            gone => Assert.Equal((HttpStatusCode.NotFound, "job_not_found"), (gone.Status, gone.Problem.Code)));
        Assert.Equal([other.Id], (await _api.GetAsync("/v1/jobs?dataset=gone")).Read<JobPage>().Items.Select(j => j.Id));
        Assert.Equal(2, await running.CountRowsAsync("gone"));

        await BoundedWait.UntilAsync("what is left of the job to go", () => running.Database.ScalarAsync<bool>($"""
            SELECT NOT EXISTS (SELECT FROM pipeline.jobs WHERE id = '{job.Id}')
               AND NOT EXISTS (SELECT FROM pipeline.dead_letters WHERE job_id = '{job.Id}')
            """));
        Assert.Equal(1, await running.Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.dead_letters WHERE job_id = '{other.Id}'"));
    }

    [Fact]
    public async Task Frees_the_key_of_the_job()
    {
        await _api.DeclareAsync("freed", Readings.Definition());
        ApiAnswer first = await _api.UploadAsync("freed", Data, headers: [("Idempotency-Key", "once"), ("Prefer", "wait=30")]);
        await _api.DeleteAsync(first.Job.Links.Self);

        ApiAnswer second = await _api.UploadAsync("freed", Data, headers: [("Idempotency-Key", "once"), ("Prefer", "wait=30")]);

        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.Null(second["Idempotency-Replayed"]);
        Assert.NotEqual(first.Job.Id, second.Job.Id);
        Assert.Equal(2, await running.CountRowsAsync("freed"));
    }

    [Fact]
    public async Task Refuses_while_the_job_has_not_ended()
    {
        await _api.DeclareAsync("kept", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "kept", id: 1);
        Guid id = (await _api.UploadAsync("kept", Data)).Job.Id;

        ApiAnswer answer = await _api.DeleteAsync($"/v1/jobs/{id}");

        Assert.Equal((HttpStatusCode.Conflict, "job_not_final"), (answer.Status, answer.Problem.Code));
        await gate.OpenAsync();
        Assert.Equal(JobState.PartiallySucceeded, (await _api.WhenFinalAsync(id)).State);
    }

    [Theory]
    [InlineData("0199a3c0-0000-7000-8000-000000000000")]
    [InlineData("none")]
    public async Task Answers_404_for_a_job_that_there_is_not(string id)
    {
        ApiAnswer answer = await _api.DeleteAsync($"/v1/jobs/{id}");

        Assert.Equal((HttpStatusCode.NotFound, "job_not_found"), (answer.Status, answer.Problem.Code));
    }

    [Fact]
    public async Task Of_two_at_once_one_deletes_and_the_other_finds_nothing()
    {
        await _api.DeclareAsync("raced", Readings.Definition());
        JobView job = await _api.LoadAsync("raced", Data);

        ApiAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _api.DeleteAsync(job.Links.Self)));

        Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.NoContent));
        Assert.Equal(3, answers.Count(answer => answer.Status == HttpStatusCode.NotFound));
    }
}
