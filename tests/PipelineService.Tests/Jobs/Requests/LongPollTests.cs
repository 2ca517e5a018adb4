using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>Waiting for a job at an instance that does not run it.</summary>
public sealed class LongPollTests(RunningService running) : IClassFixture<RunningService>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task Hears_of_the_end_of_a_job_that_another_instance_runs()
    {
        await using ServiceUnderTest other = await ServiceUnderTest.StartAsync(
            running.Database.ConnectionString, [("Jobs:PollInterval", "00:00:00.05")]);
        await _api.DeclareAsync("elsewhere", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "elsewhere", id: 2);
        Guid id = (await _api.UploadAsync("elsewhere", Readings.Csv(3))).Job.Id;
        await _api.WhenAsync(id, "running", job => job.State == JobState.Running);

        Task<ApiAnswer> poll = new Api(other.Client).GetAsync($"/v1/jobs/{id}", ("Prefer", "wait=30"));
        await gate.OpenAsync();

        Assert.Equal(JobState.Succeeded, (await poll).Job.State);
    }

    /// <summary>Nobody looks into the database for it here: the signal of this instance wakes the wait.</summary>
    [Fact]
    public async Task Hears_of_a_queued_job_that_this_instance_takes_up()
    {
        await using ServiceUnderTest busy = await ServiceUnderTest.StartAsync(
            running.Database.ConnectionString,
            [("Write:SessionsMax", "1"), ("Write:SessionsPerJobMax", "1"), ("Write:SessionsReceivingMax", "0"), ("Jobs:PollInterval", "00:01:00")]);
        Api api = new(busy.Client);
        await api.DeclareAsync("holding", Readings.Definition());
        await api.DeclareAsync("waiting", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "holding", id: 2);
        await api.UploadAsync("holding", Readings.Csv(3));
        JobView queued = (await api.UploadAsync("waiting", Readings.Csv(3))).Job;
        Assert.Equal(JobState.Queued, queued.State);

        Task<ApiAnswer> poll = api.GetAsync(queued.Links.Self, ("Prefer", "wait=60"));
        await gate.OpenAsync();

        Assert.Equal(JobState.Succeeded, (await poll.Within("the answer to the poll")).Job.State);
    }
}
