using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>One job over HTTP: its ETag, its long poll, and ids that are none.</summary>
public sealed class JobEndpointTests(RunningService running) : IClassFixture<RunningService>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task Answers_304_while_the_job_is_as_the_client_knows_it()
    {
        await _api.DeclareAsync("known", Readings.Definition());
        JobView job = await _api.LoadAsync("known", Readings.Csv(3));

        ApiAnswer first = await _api.GetAsync(job.Links.Self);
        ApiAnswer second = await _api.GetAsync(job.Links.Self, ("If-None-Match", first["ETag"]!));
        ApiAnswer weakened = await _api.GetAsync(job.Links.Self, ("If-None-Match", $"\"a,b\", W/{first["ETag"]}"));
        ApiAnswer any = await _api.GetAsync(job.Links.Self, ("If-None-Match", "*"));
        ApiAnswer other = await _api.GetAsync(job.Links.Self, ("If-None-Match", "\"0000000000000000\""));

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Null(first["Retry-After"]);
        Assert.Equal(HttpStatusCode.NotModified, second.Status);
        Assert.Equal(first["ETag"], second["ETag"]);
        Assert.Empty(second.Body);
        Assert.Equal(HttpStatusCode.NotModified, weakened.Status);
        Assert.Equal(HttpStatusCode.NotModified, any.Status);
        Assert.Equal(HttpStatusCode.OK, other.Status);
        Assert.Equal(first.Body, other.Body);
    }

    [Fact]
    public async Task Holds_a_long_poll_until_the_job_is_final()
    {
        await _api.DeclareAsync("polled", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "polled", id: 2);
        ApiAnswer upload = await _api.UploadAsync("polled", Readings.Csv(3));

        Task<ApiAnswer> poll = _api.GetAsync(upload.Job.Links.Self, ("Prefer", "wait=30"));
        ApiAnswer meanwhile = await _api.GetAsync(upload.Job.Links.Self);
        Assert.False(poll.IsCompleted);
        await gate.OpenAsync();

        Assert.Equal(JobState.Running, meanwhile.Job.State);
        Assert.Equal("1", meanwhile["Retry-After"]);
        Assert.Equal(JobState.Succeeded, (await poll).Job.State);
    }

    [Fact]
    public async Task Answers_a_long_poll_whose_time_is_up_with_the_job_as_it_is()
    {
        await _api.DeclareAsync("impatient", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "impatient", id: 2);
        ApiAnswer upload = await _api.UploadAsync("impatient", Readings.Csv(3), headers: ("Prefer", "wait=1"));

        Assert.Equal(HttpStatusCode.Accepted, upload.Status);
        Assert.Equal(JobState.Running, upload.Job.State);

        await gate.OpenAsync();
        await _api.WhenFinalAsync(upload.Job.Id);
    }

    [Theory]
    [InlineData("wait=9999", "wait=60")]
    [InlineData("wait=99999999999999999999", "wait=60")]
    [InlineData("respond-async, wait=0", "wait=0")]
    [InlineData("respond-async", null)]
    public async Task Says_which_wait_was_granted(string prefer, string? applied)
    {
        await _api.DeclareAsync("granted", Readings.Definition());
        JobView job = await _api.LoadAsync("granted", Readings.Csv(1));

        Assert.Equal(applied, (await _api.GetAsync(job.Links.Self, ("Prefer", prefer)))["Preference-Applied"]);
        Assert.Equal(
            applied, (await _api.UploadAsync("granted", Readings.Csv(1), headers: ("Prefer", prefer)))["Preference-Applied"]);
    }

    [Theory]
    [InlineData("/v1/jobs/0199a3c0-0000-7000-8000-000000000000")]
    [InlineData("/v1/jobs/none")]
    [InlineData("/v1/jobs/0199a3c0-0000-7000-8000-000000000000/dead-letters")]
    [InlineData("/v1/jobs/none/dead-letters")]
    public async Task Answers_404_for_a_job_that_there_is_not(string path)
    {
        ApiAnswer answer = await _api.GetAsync(path, ("Prefer", "wait=30"));

        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Equal("job_not_found", answer.Problem.Code);
    }
}
