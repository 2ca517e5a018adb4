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
        await using HeldUpload held = await HeldUpload.BeginAsync(running, "told");
        JobStore store = running.Service.Services.GetRequiredService<JobStore>();

        await BoundedWait.UntilAsync("half of it to be told", async () =>
            (await store.FindAsync(held.Id, TestContext.Current.CancellationToken))?.RecordsLoaded >= Records);
        Assert.Equal(0, await running.Database.ScalarAsync<long>($"SELECT records_loaded FROM pipeline.jobs WHERE id = '{held.Id}'"));
        JobRows page = await store.ListAsync(new JobFilter { Dataset = "told", Limit = 1 }, TestContext.Current.CancellationToken);
        Assert.InRange(page.Rows.Single().RecordsLoaded, Records, 2 * Records);

        Assert.Equal(2 * Records, (await held.EndAsync()).Job.Records.Loaded);
        await WhenNothingIsToldAsync(held.Id);
    }

    /// <summary>A beat whose transaction began before the end of a job, and commits after it: played by the row that comes again.</summary>
    [Fact]
    public async Task What_is_told_while_a_job_ends_goes_with_the_next_beat()
    {
        await using HeldUpload held = await HeldUpload.BeginAsync(running, "late");
        await BoundedWait.UntilAsync("it to be told", async () => await CountToldAsync(held.Id) == 1);
        await running.Database.ExecuteAsync($"""
            CREATE TABLE told_late (LIKE pipeline.job_progress);
            CREATE FUNCTION tell_late() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.job_id = '{held.Id}' AND NOT EXISTS (SELECT FROM told_late) THEN
                    INSERT INTO told_late SELECT OLD.*;
                    INSERT INTO pipeline.job_progress SELECT OLD.*;
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER told_late AFTER DELETE ON pipeline.job_progress FOR EACH ROW EXECUTE FUNCTION tell_late();
            """);

        Assert.Equal(2 * Records, (await held.EndAsync()).Job.Records.Loaded);

        await WhenNothingIsToldAsync(held.Id);
        Assert.Equal(1, await running.Database.ScalarAsync<long>("SELECT count(*) FROM told_late"));
    }

    private Task WhenNothingIsToldAsync(Guid id) =>
        BoundedWait.UntilAsync("nothing to be told of it", async () => await CountToldAsync(id) == 0);

    private Task<long> CountToldAsync(Guid id) =>
        running.Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.job_progress WHERE job_id = '{id}'");

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

    /// <summary>An upload of which half has come.</summary>
    private sealed class HeldUpload(HeldBody body, Task<ApiAnswer> answer, string rest, Guid id) : IAsyncDisposable
    {
        public Guid Id { get; } = id;

        public static async Task<HeldUpload> BeginAsync(RunningService running, string dataset)
        {
            await running.Api.DeclareAsync(dataset, Readings.Definition());
            string csv = Readings.Csv(2 * Records);
            int half = csv.IndexOf($"\n{Records + 1},", StringComparison.Ordinal) + 1;
            HeldBody body = new(length: csv.Length);
            await using JobRowSignal row = await JobRowSignal.ListenAsync(running.Database, dataset);
            Task<ApiAnswer> answer = running.Api.UploadAsync(dataset, body, ("Prefer", "wait=30"));
            await body.SendAsync(csv[..half]);
            return new HeldUpload(body, answer, csv[half..], await row.RegisteredAsync());
        }

        public async Task<ApiAnswer> EndAsync()
        {
            await body.SendAsync(rest);
            body.Complete();
            return await answer;
        }

        public ValueTask DisposeAsync()
        {
            body.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
