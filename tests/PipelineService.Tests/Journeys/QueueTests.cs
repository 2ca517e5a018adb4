using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Journeys;

/// <summary>More jobs than write sessions.</summary>
public sealed class QueueTests(QueueTests.OneSession running) : IClassFixture<QueueTests.OneSession>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task Starts_a_queued_job_when_the_session_is_free_again()
    {
        await _api.DeclareAsync("first", Readings.Definition());
        await _api.DeclareAsync("second", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "first", id: 2);

        JobView first = await UploadAndRunAsync("first");
        JobView second = (await _api.UploadAsync("second", Readings.Csv(4))).Job;
        Assert.Equal(JobState.Queued, second.State);
        Assert.Null(second.StartedAt);
        Assert.True(second.Upload.Complete);

        await gate.OpenAsync();

        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(first.Id)).State);
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(second.Id)).State);
        Assert.Equal(3, await running.CountRowsAsync("first"));
        Assert.Equal(4, await running.CountRowsAsync("second"));
    }

    [Fact]
    public async Task Takes_a_large_upload_while_no_session_is_free_and_loads_it_when_it_has_arrived()
    {
        await _api.DeclareAsync("holding", Readings.Definition());
        await _api.DeclareAsync("waiting", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "holding", id: 2);
        await UploadAndRunAsync("holding");

        JobView waiting = (await _api.UploadAsync("waiting", Readings.Csv(10_000))).Job;
        Assert.Equal(JobState.Queued, waiting.State);
        await gate.OpenAsync();

        Assert.Equal(new RecordsView(10_000, 10_000, 0, 0), (await _api.WhenFinalAsync(waiting.Id)).Records);
    }

    /// <summary>What an upload is loaded under is decided when it is taken, and read by every attempt.</summary>
    [Fact]
    public async Task Loads_a_queued_upload_under_the_version_that_it_was_taken_for()
    {
        await _api.DeclareAsync("before", Readings.Definition());
        await _api.DeclareAsync("pinned", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "before", id: 2);
        await UploadAndRunAsync("before");
        JobView queued = (await _api.UploadAsync("pinned", Readings.Csv(3))).Job;
        Assert.Equal((JobState.Queued, 1), (queued.State, queued.DatasetVersion));

        await _api.DeclareAsync("pinned", Readings.Definition("'load': { 'table': 'public.elsewhere', 'keepUpload': 'P1D' }"));
        await gate.OpenAsync();
        JobView job = await _api.WhenFinalAsync(queued.Id);

        Assert.Equal((JobState.Succeeded, 1, null), (job.State, job.DatasetVersion, job.Upload.KeptUntil));
        Assert.Equal((3L, 0L), (await running.CountRowsAsync("pinned"), await running.CountRowsAsync("elsewhere")));
    }

    /// <summary>Uploads three records and waits until their job holds the only session.</summary>
    private async Task<JobView> UploadAndRunAsync(string dataset)
    {
        ApiAnswer upload = await _api.UploadAsync(dataset, Readings.Csv(3));
        return await _api.WhenAsync(upload.Job.Id, "running", j => j.State == JobState.Running);
    }

    public sealed class OneSession(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Write:SessionsMax", "1"), ("Write:SessionsPerJobMax", "1"), ("Write:SessionsReceivingMax", "1"),
            ("Intake:LoadAfterBytes", "4096"), ("Spool:ChunkBytes", "4096"),
        ];
    }
}
