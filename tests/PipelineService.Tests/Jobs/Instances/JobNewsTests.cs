using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Instances;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Instances;

/// <summary>Instances tell each other which jobs have changed: a wait at one ends with the job at another, and not with a look.</summary>
public sealed class JobNewsTests(JobNewsTests.Rarely running) : IClassFixture<JobNewsTests.Rarely>
{
    private const string Listeners = "FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN pipeline_jobs'";

    [Fact]
    public async Task A_wait_hears_of_the_end_of_a_job_of_another_instance()
    {
        await using ServiceUnderTest other = await StartOtherAsync();
        await WhenListeningAsync(instances: 2);

        Assert.Equal(JobState.Succeeded, (await WaitElsewhereAsync(other, "heard")).State);
    }

    [Fact]
    public async Task A_connection_that_broke_is_made_again_and_what_was_missed_is_looked_for()
    {
        await using ServiceUnderTest other = await StartOtherAsync();
        await WhenListeningAsync(instances: 2);
        string? broken = await running.Database.ScalarAsync<string>($"SELECT string_agg(pid::text, ',') {Listeners}");

        await running.Database.ExecuteAsync($"SELECT pg_terminate_backend(pid) {Listeners}");
        await BoundedWait.UntilAsync("others to listen", async () => await running.Database.ScalarAsync<long>(
            $"SELECT count(*) {Listeners} AND pid NOT IN ({broken})") == 2);

        Assert.Equal(JobState.Succeeded, (await WaitElsewhereAsync(other, "heard_again")).State);
    }

    [Fact]
    public async Task One_that_is_alone_tells_nobody_and_listens_to_nobody()
    {
        await BoundedWait.UntilAsync("it to be alone", () => !LeasesOf(running.Service).HasOthers);
        await BoundedWait.UntilAsync("nobody to listen", async () =>
            await running.Database.ScalarAsync<long>($"SELECT count(*) {Listeners}") == 0);
        await using NpgsqlConnection connection = await running.Database.DataSource.OpenConnectionAsync(
            TestContext.Current.CancellationToken);
        List<string> heard = [];
        connection.Notification += (_, told) => heard.Add(told.Payload);
        await using (NpgsqlCommand listen = new("LISTEN pipeline_jobs", connection))
        {
            await listen.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await running.Api.DeclareAsync("alone", Readings.Definition());
        await running.Api.LoadAsync("alone", Readings.Csv(3));
        await running.AssertNextIsLoadedAsync("alone");
        await running.Database.ExecuteAsync("NOTIFY pipeline_jobs, 'the end'");
        await connection.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["the end"], heard);
    }

    /// <summary>The job is held until somebody waits for it at the other instance, which looks by itself after a minute.</summary>
    private async Task<JobView> WaitElsewhereAsync(ServiceUnderTest other, string dataset)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, dataset, id: 2);
        Guid id = (await running.Api.UploadAsync(dataset, Readings.Csv(3))).Job.Id;
        await running.Api.WhenAsync(id, "running", job => job.State == JobState.Running);
        Task<ApiAnswer> poll = new Api(other.Client).GetAsync($"/v1/jobs/{id}", ("Prefer", "wait=60"));
        JobWatch watch = other.Services.GetRequiredService<JobWatch>();
        await BoundedWait.UntilAsync("the poll to wait", () => watch.Waits == 1);
        await gate.OpenAsync();
        return (await poll.Within("the answer to the poll")).Job;
    }

    private async Task<ServiceUnderTest> StartOtherAsync() =>
        await ServiceUnderTest.StartAsync(running.Database.ConnectionString, Rarely.Looks);

    private Task WhenListeningAsync(int instances) => BoundedWait.UntilAsync("all to listen", async () =>
        LeasesOf(running.Service).HasOthers
        && await running.Database.ScalarAsync<long>($"SELECT count(*) {Listeners}") == instances);

    private static InstanceLeases LeasesOf(ServiceUnderTest service) => service.Services.GetRequiredService<InstanceLeases>();

    /// <summary>Knows soon who else is there, and looks by itself once a minute.</summary>
    public sealed class Rarely(PostgresServer server) : RunningService(server)
    {
        public static readonly (string Key, string? Value)[] Looks = [("Jobs:LeaseTime", "00:00:01"), ("Jobs:PollInterval", "00:01:00")];

        protected override IEnumerable<(string Key, string? Value)> Settings => Looks;
    }
}
