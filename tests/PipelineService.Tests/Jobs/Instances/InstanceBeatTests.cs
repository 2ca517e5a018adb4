using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Instances;

/// <summary>What an instance writes while it runs jobs: one row for itself, and little for each job.</summary>
public sealed class InstanceBeatTests(InstanceBeatTests.Lively running) : IClassFixture<InstanceBeatTests.Lively>
{
    private const int Records = 3_000;

    private readonly Instance _instance = running.Service.Services.GetRequiredService<Instance>();

    [Fact]
    public async Task Renews_one_lease_and_leaves_the_row_of_a_running_job_alone()
    {
        await running.Api.DeclareAsync("held", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "held", id: 1);
        Guid id = (await running.Api.UploadAsync("held", Readings.Csv(1))).Job.Id;
        await running.Api.WhenAsync(id, "running", job => job.State == JobState.Running);
        await WhenRenewedAsync();
        string? before = await VersionAsync(id);

        await WhenRenewedAsync();
        await WhenRenewedAsync();

        Assert.Equal(before, await VersionAsync(id));
        Assert.Equal("infinity", await running.Database.ScalarAsync<string>($"SELECT lease_until::text FROM pipeline.jobs WHERE id = '{id}'"));
        await gate.OpenAsync();
        Assert.Equal(JobState.Succeeded, (await running.Api.WhenFinalAsync(id)).State);
    }

    /// <summary>Those who ask another instance read it from there; the row of the job has no word of it until the end.</summary>
    [Fact]
    public async Task Tells_how_far_a_job_is_beside_its_row()
    {
        await running.Api.DeclareAsync("told", Readings.Definition());
        string csv = Readings.Csv(2 * Records);
        int half = csv.IndexOf($"\n{Records + 1},", StringComparison.Ordinal) + 1;
        using HeldBody body = new(length: csv.Length);
        await using JobRowSignal row = await JobRowSignal.ListenAsync(running.Database, "told");
        Task<ApiAnswer> answer = running.Api.UploadAsync("told", body, ("Prefer", "wait=30"));
        await body.SendAsync(csv[..half]);
        Guid id = await row.RegisteredAsync();
        JobStore store = running.Service.Services.GetRequiredService<JobStore>();

        await BoundedWait.UntilAsync("half of it to be told", async () =>
            (await store.FindAsync(id, TestContext.Current.CancellationToken))?.RecordsLoaded >= Records);
        Assert.Equal(0, await running.Database.ScalarAsync<long>($"SELECT records_loaded FROM pipeline.jobs WHERE id = '{id}'"));
        JobRows page = await store.ListAsync(new JobFilter { Dataset = "told", Limit = 1 }, TestContext.Current.CancellationToken);
        Assert.InRange(page.Rows.Single().RecordsLoaded, Records, 2 * Records);

        await body.SendAsync(csv[half..]);
        body.Complete();
        Assert.Equal(2 * Records, (await answer).Job.Records.Loaded);
        Assert.Equal(0, await running.Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.job_progress WHERE job_id = '{id}'"));
    }

    private async Task WhenRenewedAsync()
    {
        string? before = await LeaseAsync();
        await BoundedWait.UntilAsync("the lease to be renewed", async () => await LeaseAsync() != before);
    }

    private Task<string?> LeaseAsync() =>
        running.Database.ScalarAsync<string>($"SELECT lease_until::text FROM pipeline.instances WHERE id = '{_instance.Id}'");

    private Task<string?> VersionAsync(Guid id) =>
        running.Database.ScalarAsync<string>($"SELECT xmin::text || ctid::text FROM pipeline.jobs WHERE id = '{id}'");

    public sealed class Lively(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Jobs:LeaseTime", "00:00:03"), ("Jobs:ProgressInterval", "00:00:00.1"), ("Spool:ChunkAgeMax", "00:00:00.1"),
            ("Intake:LoadAfterBytes", "4096"),
        ];
    }
}
