using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Intake;

/// <summary>
/// An upload is sent again under its key while the database, which knows the first one, cannot be asked. It is answered 202,
/// so its job must end, and say what became of it.
/// </summary>
public sealed class KeyInOutageTests
{
    private const string Key = "once";

    [Theory]
    [InlineData(3, JobState.Cancelled, "upload_replayed")]
    [InlineData(4, JobState.Failed, "idempotency_key_reused")]
    public async Task Upload_sent_again_in_an_outage_is_loaded_once_and_its_job_tells_of_the_first(
        int records, JobState state, string code)
    {
        await using Server server = await Server.StartAsync();
        await using ServiceUnderTest service = await StartAsync(server);
        Api api = new(service.Client);
        await api.DeclareAsync("readings", Readings.Definition());
        Guid first = (await UploadAsync(api, records: 3)).Id;
        await api.WhenFinalAsync(first);

        await server.StopImmediatelyAsync();
        JobView again = await UploadAsync(api, records);
        await server.RestartAsync();

        Assert.Equal("database", again.WaitingFor);
        JobView ended = await api.WhenFinalAsync(again.Id);
        Assert.Equal((state, code), (ended.State, ended.Error?.Code));
        Assert.Contains(first.ToString(), ended.Error?.Detail, StringComparison.Ordinal);
        Assert.Equal(new RecordsView(0, 0, 0, 0), ended.Records);
        Assert.Equal(3, await CountRowsAsync(server));
        Assert.Empty(SpoolFolder.UploadsIn(service.SpoolDirectory));
        Assert.Equal(first, (await UploadAsync(api, records: 3)).Id);
    }

    [Fact]
    public async Task Upload_sent_again_in_an_outage_is_loaded_when_its_job_was_reverted()
    {
        await using Server server = await Server.StartAsync();
        await using ServiceUnderTest service = await StartAsync(server);
        Api api = new(service.Client);
        await api.DeclareAsync("readings", Readings.Definition());
        Guid first = (await UploadAsync(api, records: 3)).Id;
        await api.WhenFinalAsync(first);
        await api.RevertAsync(first);

        await server.StopImmediatelyAsync();
        JobView again = await UploadAsync(api, records: 3);
        await server.RestartAsync();

        Assert.Equal(JobState.Succeeded, (await api.WhenFinalAsync(again.Id)).State);
        Assert.Equal(3, await CountRowsAsync(server));
        Assert.Equal(again.Id, (await UploadAsync(api, records: 3)).Id);
    }

    /// <summary>A server that is stopped refuses at once: nothing waits for the time that a request has but a busy machine.</summary>
    private static Task<ServiceUnderTest> StartAsync(Server server) => ServiceUnderTest.StartAsync(
        server.ConnectionString,
        [
            ("Hosting:BreakerDuration", "00:00:00.5"), ("Hosting:RetryDelayBase", "00:00:00.02"),
            ("Hosting:DatabaseTimeout", "00:01:00"), ("Jobs:LeaseTime", "00:00:01"),
        ]);

    private static async Task<long> CountRowsAsync(Server server)
    {
        await using Npgsql.NpgsqlCommand rows = server.DataSource.CreateCommand("SELECT count(*) FROM public.readings");
        return (long)(await rows.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    private static async Task<JobView> UploadAsync(Api api, int records) =>
        (await api.UploadAsync("readings", Readings.Csv(records), headers: ("Idempotency-Key", Key))).Job;
}
