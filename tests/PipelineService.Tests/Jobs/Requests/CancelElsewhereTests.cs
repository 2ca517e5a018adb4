using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>A cancel that has a way to go: to another instance, or to a database that is away.</summary>
public sealed class CancelElsewhereTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    private const int Records = 3_000;

    private readonly TemporaryFolder _spool = new();

    public void Dispose() => _spool.Dispose();

    [Theory]
    [InlineData("asked_job", "job")]
    [InlineData("asked_chunks", "chunk")]
    public async Task Ends_a_job_that_another_instance_runs(string dataset, string commit)
    {
        await using ServiceUnderTest owner = await StartAsync(database.ConnectionString);
        await using ServiceUnderTest other = await StartAsync(database.ConnectionString);
        Api api = new(owner.Client);
        await api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        await using LoadGate gate = await LoadGate.CloseAsync(database, dataset, id: 2_000);
        Guid id = await UploadAndRunAsync(api, dataset);

        ApiAnswer cancel = await new Api(other.Client).CancelAsync(id);

        Assert.Equal((HttpStatusCode.Accepted, true), (cancel.Status, cancel.Job.CancelRequested));
        JobView job = await api.WhenFinalAsync(id);
        Assert.Equal((JobState.Cancelled, commit == "chunk"), (job.State, job.Records.Loaded > 0));
        await EndedJob.AssertExactAndClearedAsync(database, owner, job, dataset);
        Assert.Equal(job.Records, (await new Api(other.Client).GetAsync(job.Links.Self)).Job.Records);
    }

    [Fact]
    public async Task Refuses_the_sender_whose_upload_another_instance_receives()
    {
        const string Dataset = "asked_receiver";
        await using ServiceUnderTest owner = await StartAsync(database.ConnectionString);
        await using ServiceUnderTest other = await StartAsync(database.ConnectionString);
        Api api = new(owner.Client);
        await api.DeclareAsync(Dataset, Readings.Definition());
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(database, Dataset);
        using RawConnection sender = await RawConnection.BeginUploadAsync(api.Address, Dataset, "Transfer-Encoding: chunked");
        await sender.SendChunkAsync(Readings.Csv(1_000));
        Guid id = await rows.RegisteredAsync();
        await api.WhenAsync(id, "partly loaded", j => j.Records.Loaded > 0);

        ApiAnswer cancel = await new Api(other.Client).CancelAsync(id);

        Assert.Equal(HttpStatusCode.Accepted, cancel.Status);
        Assert.Equal("job_cancelled", (await sender.ReadAnswerAsync()).Problem.Code);
        JobView job = await api.WhenFinalAsync(id);
        Assert.Equal((JobState.Cancelled, new RecordsView(0, 0, 0, 0)), (job.State, job.Records));
        await EndedJob.AssertExactAndClearedAsync(database, owner, job, Dataset);
    }

    [Fact]
    public async Task Is_not_taken_while_the_database_is_away_and_the_jobs_go_on()
    {
        const string Running = "outage_running", Queued = "outage_queued";
        await using TcpProxy proxy = new(database.ConnectionString);
        await using ServiceUnderTest service = await StartAsync(proxy.ConnectionString);
        Api api = new(service.Client);
        await api.DeclareAsync(Running, Readings.Definition("'load': { 'commit': 'chunk' }"));
        await api.DeclareAsync(Queued, Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(database, Running, id: 2_000);
        Guid running = await UploadAndRunAsync(api, Running);

        proxy.Cut();
        Guid queued = (await api.UploadAsync(Queued, Readings.Csv(3))).Job.Id;
        foreach (Guid id in new[] { running, queued })
        {
            ApiAnswer cancel = await api.CancelAsync(id);

            Assert.Equal((HttpStatusCode.ServiceUnavailable, "database_unavailable"), (cancel.Status, cancel.Problem.Code));
            Assert.Contains("the job goes on", cancel.Problem.Detail!, StringComparison.Ordinal);
            Assert.NotNull(cancel["Retry-After"]);
            JobView job = await api.WhenAsync(id, "waiting for the database", j => j.WaitingFor == "database");
            Assert.Equal((false, false), (job.CancelRequested, job.State.IsFinal()));
        }

        proxy.Mend();
        await gate.OpenAsync();

        foreach ((Guid id, string dataset, int records) in new[] { (running, Running, Records), (queued, Queued, 3) })
        {
            JobView job = await api.WhenFinalAsync(id);
            Assert.Equal((JobState.Succeeded, new RecordsView(records, records, 0, 0)), (job.State, job.Records));
            await EndedJob.AssertExactAndClearedAsync(database, service, job, dataset);
        }
    }

    private static async Task<Guid> UploadAndRunAsync(Api api, string dataset)
    {
        Guid id = (await api.UploadAsync(dataset, Readings.Csv(Records))).Job.Id;
        await api.WhenAsync(id, "partly loaded", j => j.State == JobState.Running && j.Records.Loaded > 0);
        return id;
    }

    /// <summary>On the same spool: an upload that one instance has received is one that the other could load.</summary>
    private Task<ServiceUnderTest> StartAsync(string connectionString) => ServiceUnderTest.StartAsync(
        connectionString,
        [
            ("Spool:ChunkBytes", "4096"), ("Spool:ChunkAgeMax", "00:00:00.020"), ("Intake:LoadAfterBytes", "4096"),
            ("Jobs:ProgressInterval", "00:00:00.100"), ("Hosting:RetryDelayBase", "00:00:00.010"),
            ("Hosting:RetryDelayMax", "00:00:00.100"), ("Hosting:BreakerDuration", "00:00:00.500"),
        ],
        _spool.Path);
}
