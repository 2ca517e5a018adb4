using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>Somebody holds a table: its jobs wait without sessions, and nobody waits for them.</summary>
public sealed class HeldTableTests(HeldTableTests.ShortLocks running) : IClassFixture<HeldTableTests.ShortLocks>
{
    private const int Crowd = 10;
    private const int Records = 3;

    private readonly Api _api = running.Api;

    [Fact]
    public async Task A_crowd_that_waits_for_its_table_holds_up_no_other_dataset_and_goes_on_when_the_table_is_free()
    {
        await _api.DeclareAsync("held", Readings.Definition());
        await _api.DeclareAsync("free", Readings.Definition());
        await using TableLock table = await TableLock.TakeAsync(running.Database, "held");
        List<Guid> crowd = [];
        for (int i = 0; i < Crowd; i++)
        {
            crowd.Add((await _api.UploadAsync("held", Readings.Csv(Records))).Job.Id);
        }

        foreach (int _ in Enumerable.Range(0, 3))
        {
            await _api.WhenAsync(crowd[0], "waiting for its table", job => job.WaitingFor == "table");
            Assert.Equal(JobState.Succeeded, (await _api.LoadAsync("free", Readings.Csv(1))).State);
        }

        Assert.Equal(0, await CountFinalAsync("held"));
        await table.ReleaseAsync();

        foreach (Guid id in crowd)
        {
            JobView job = await _api.WhenFinalAsync(id);
            Assert.Equal((JobState.Succeeded, null), (job.State, job.WaitingFor));
        }

        Assert.Equal(Crowd * Records, await running.CountRowsAsync("held"));
        Assert.Equal(0, await running.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pipeline.jobs WHERE dataset = 'held' AND (tries > 0 OR attempt > 1)"));
    }

    /// <summary>Two datasets that load into one table are one to its lock.</summary>
    [Fact]
    public async Task Datasets_of_one_table_wait_for_it_together()
    {
        await _api.DeclareAsync("shared", Readings.Definition());
        await _api.DeclareAsync("sharing", Readings.Definition("'load': { 'table': 'public.shared' }"));
        SessionBudget budget = running.Service.Services.GetRequiredService<SessionBudget>();
        await using TableLock table = await TableLock.TakeAsync(running.Database, "shared");
        Guid first = (await _api.UploadAsync("shared", Readings.Csv(Records))).Job.Id;
        await _api.WhenAsync(first, "waiting for its table", job => job.WaitingFor == "table");

        Guid second = (await _api.UploadAsync("sharing", Readings.Csv(Records))).Job.Id;

        await BoundedWait.UntilAsync("the table to be tried again", () =>
            running.Database.ScalarAsync<bool>($"SELECT epoch > 4 FROM pipeline.jobs WHERE id = '{first}'"));
        Assert.InRange(budget.Used, 0, 1);
        await table.ReleaseAsync();
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(first)).State);
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(second)).State);
    }

    [Theory]
    [InlineData("arriving_job", "job")]
    [InlineData("arriving_chunks", "chunk")]
    public async Task An_upload_that_still_arrives_gives_its_sessions_back_and_is_loaded_on_when_the_table_is_free(
        string dataset, string commit)
    {
        await _api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        SessionBudget budget = running.Service.Services.GetRequiredService<SessionBudget>();
        await using TableLock table = await TableLock.TakeAsync(running.Database, dataset);
        await using JobRowSignal row = await JobRowSignal.ListenAsync(running.Database, dataset);
        using HeldBody body = new();
        Task<ApiAnswer> answer = _api.UploadAsync(dataset, body);
        await body.SendAsync(Readings.Csv(1_000));
        Guid id = await row.RegisteredAsync();

        await _api.WhenAsync(id, "waiting for its table", job => job.WaitingFor == "table");
        await BoundedWait.UntilAsync("its sessions to be given back", () => budget.Used == 0);
        await table.ReleaseAsync();
        JobView loading = await _api.WhenAsync(id, "partly loaded", job => job.Records.Loaded > 0);

        Assert.Equal((JobState.Receiving, null), (loading.State, loading.WaitingFor));
        await body.SendAsync(Readings.CsvRows(1_001, 1_000));
        body.Complete();
        JobView job = await _api.WhenFinalAsync((await answer).Job.Id);
        Assert.Equal((JobState.Succeeded, 2_000L), (job.State, job.Records.Loaded));
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, job, dataset);
    }

    [Fact]
    public async Task A_job_that_waits_for_its_table_can_be_cancelled()
    {
        await _api.DeclareAsync("unwanted", Readings.Definition());
        await using TableLock table = await TableLock.TakeAsync(running.Database, "unwanted");
        Guid id = (await _api.UploadAsync("unwanted", Readings.Csv(Records))).Job.Id;
        await _api.WhenAsync(id, "waiting for its table", job => job.WaitingFor == "table");

        await _api.CancelAsync(id);

        JobView job = await _api.WhenFinalAsync(id);
        await table.ReleaseAsync();
        Assert.Equal(JobState.Cancelled, job.State);
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, job, "unwanted");
    }

    private Task<long> CountFinalAsync(string dataset) => running.Database.ScalarAsync<long>(
        $"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{dataset}' AND finished_at IS NOT NULL");

    public sealed class ShortLocks(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Write:LockTimeout", "00:00:01"), ("Jobs:PollInterval", "00:00:00.100"), ("Spool:ChunkBytes", "4096"),
            ("Spool:ChunkAgeMax", "00:00:00.010"), ("Intake:LoadAfterBytes", "4096"),
        ];
    }
}
