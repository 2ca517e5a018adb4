using System.Net;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>The spool cannot be read for a while: jobs wait for it, and nothing of them is given up.</summary>
public sealed class SpoolOutageTests(SpoolOutageTests.OneByOne running) : IClassFixture<SpoolOutageTests.OneByOne>
{
    private const int Records = 500;

    private readonly Api _api = running.Api;

    [Fact]
    public async Task Jobs_wait_for_a_spool_that_is_gone_and_go_on_when_it_is_back()
    {
        (Guid first, Guid second, LoadGate gate) = await HoldAsync("gone_first", "gone_second");
        await using LoadGate _ = gate;
        string spool = running.Service.SpoolDirectory;

        // What an unmounted disk leaves: an empty folder. Files that are open stay readable, as after a lazy unmount.
        Directory.Move(spool, spool + ".away");
        Directory.CreateDirectory(spool);
        await gate.OpenAsync();
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(first)).State);
        JobView waiting = await WhenWaitingForSpoolAsync(second);
        Assert.Equal(JobState.Queued, waiting.State);
        ApiAnswer refused = await _api.UploadAsync("gone_second", Readings.Csv(1));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "spool_unavailable"), (refused.Status, refused.Problem.Code));
        await AssertOnlySpoolIsIllAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(spool)); // what was written there would be hidden by the disk's return

        Directory.Delete(spool);
        Directory.Move(spool + ".away", spool);

        await AssertLoadedAsync("gone_second", second);
        await BoundedWait.UntilAsync(
            "the uploads to leave the spool", () => SpoolFolder.UploadsIn(spool).Length == 0);
    }

    [Fact]
    public async Task A_job_whose_files_cannot_be_read_waits_and_holds_no_other_up()
    {
        (Guid first, Guid second, LoadGate gate) = await HoldAsync("unreadable_first", "unreadable_second");
        await using LoadGate _ = gate;
        string manifest = Path.Combine(running.Service.SpoolDirectory, $"{second}.json");

        // A folder in its place: there, and not readable as a file, for root as for anybody.
        File.Move(manifest, manifest + ".away");
        Directory.CreateDirectory(manifest);
        await gate.OpenAsync();
        await _api.WhenFinalAsync(first);
        await WhenWaitingForSpoolAsync(second);
        Assert.Equal(JobState.Succeeded, (await _api.LoadAsync("unreadable_first", Readings.Csv(1))).State);

        Directory.Delete(manifest);
        File.Move(manifest + ".away", manifest);

        await AssertLoadedAsync("unreadable_second", second);
    }

    /// <summary>Two jobs: one that runs and is held, one that waits in the queue behind it.</summary>
    private async Task<(Guid First, Guid Second, LoadGate Gate)> HoldAsync(string first, string second)
    {
        await _api.DeclareAsync(first, Readings.Definition());
        await _api.DeclareAsync(second, Readings.Definition());
        LoadGate gate = await LoadGate.CloseAsync(running.Database, first, id: 1);
        Guid held = (await _api.UploadAsync(first, Readings.Csv(Records))).Job.Id;
        JobView queued = (await _api.UploadAsync(second, Readings.Csv(Records))).Job;
        Assert.Equal(JobState.Queued, queued.State);
        return (held, queued.Id, gate);
    }

    private async Task<JobView> WhenWaitingForSpoolAsync(Guid id)
    {
        JobView? job = null;
        await BoundedWait.UntilAsync("the job to wait for the spool", async () =>
        {
            job = (await _api.GetAsync($"/v1/jobs/{id}")).Job;
            Assert.NotEqual("database", job.WaitingFor);
            Assert.False(job.State.IsFinal(), $"It ended: {job.Error}");
            return job.WaitingFor == "spool";
        });
        return job!;
    }

    /// <summary>An outage of the spool is none of the database.</summary>
    private async Task AssertOnlySpoolIsIllAsync()
    {
        ApiAnswer ready = await _api.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Status);
        JsonElement checks = ready.Read<JsonElement>().GetProperty("checks");
        Assert.Equal(("healthy", "healthy", "unhealthy"), (StatusOf("database"), StatusOf("breaker"), StatusOf("spool")));

        string StatusOf(string check) => checks.GetProperty(check).GetProperty("status").GetString()!;
    }

    private async Task AssertLoadedAsync(string dataset, Guid id)
    {
        JobView job = await _api.WhenFinalAsync(id);
        Assert.Equal((JobState.Succeeded, null), (job.State, job.WaitingFor));
        Assert.Equal(Records, await running.CountRowsAsync(dataset));
        Assert.InRange(await running.Database.ScalarAsync<int>($"SELECT attempt FROM pipeline.jobs WHERE id = '{id}'"), 0, 1);
    }

    /// <summary>
    /// One write session, so that a second job waits in the queue; short leases; and files of their own for all but tiny uploads.
    /// </summary>
    public sealed class OneByOne(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Write:SessionsMax", "1"), ("Write:SessionsPerJobMax", "1"), ("Write:SessionsReceivingMax", "1"),
            ("Jobs:LeaseTime", "00:00:02"), ("Jobs:PollInterval", "00:00:00.100"),
            ("Spool:SharedBytesMax", "256"),
        ];
    }
}
