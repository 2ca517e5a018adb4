using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Journeys;

/// <summary>A graceful stop in the middle of the work, and a start on the same database and spool.</summary>
public sealed class RestartTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    private const int Records = 3_000;

    private readonly TemporaryFolder _spool = new();

    public void Dispose() => _spool.Dispose();

    [Theory]
    [InlineData("restarted_compressed_job", "job", 1, true)]
    [InlineData("restarted_compressed_chunks", "chunk", 1, true)]
    [InlineData("restarted_compressed_chunks_of_many_sessions", "chunk", 3, true)]
    [InlineData("restarted_job", "job", 1)]
    [InlineData("restarted_job_of_many_sessions", "job", 3)]
    [InlineData("restarted_chunks", "chunk", 1)]
    [InlineData("restarted_chunks_of_many_sessions", "chunk", 3)]
    public async Task Continues_a_load_and_every_row_is_there_once(string dataset, string commit, int sessions, bool isCompressed = false)
    {
        await using ServiceUnderTest before = await StartAsync(sessions);
        Api api = new(before.Client);
        await api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        await using LoadGate gate = await LoadGate.CloseAsync(database, dataset, id: 2_000);
        byte[] data = Encoding.UTF8.GetBytes(Readings.Csv(Records));
        using ByteArrayContent body = new(isCompressed ? Compressed.Gzip(data) : data);
        body.Headers.ContentType = new("text/csv");
        Guid id = (await api.UploadAsync(dataset, body, isCompressed ? [("Content-Encoding", "gzip")] : [])).Job.Id;
        await api.WhenAsync(id, "partly loaded", j => j.Records.Loaded > 0);

        await before.StopAsync();
        await gate.OpenAsync();
        await using ServiceUnderTest after = await StartAsync(sessions);

        await AssertLoadedOnceAsync(after, dataset, id);
        AssertSpoolIsEmpty();
    }

    [Fact]
    public async Task Continues_with_the_jobs_that_were_queued()
    {
        const string Running = "was_running", Queued = "was_queued";
        await using ServiceUnderTest before = await StartAsync(sessions: 1);
        Api api = new(before.Client);
        await api.DeclareAsync(Running, Readings.Definition());
        await api.DeclareAsync(Queued, Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(database, Running, id: 1);
        JobView running = (await api.UploadAsync(Running, Readings.Csv(Records))).Job;
        await api.WhenAsync(running.Id, "running", j => j.State == JobState.Running);
        JobView queued = (await api.UploadAsync(Queued, Readings.Csv(Records))).Job;
        Assert.Equal(JobState.Queued, queued.State);

        await before.StopAsync();
        await gate.OpenAsync();
        await using ServiceUnderTest after = await StartAsync(sessions: 1);

        await AssertLoadedOnceAsync(after, Running, running.Id);
        await AssertLoadedOnceAsync(after, Queued, queued.Id);
        AssertSpoolIsEmpty();
    }

    [Theory]
    [InlineData("stopped_while_receiving_job", "job")]
    [InlineData("stopped_while_receiving_chunks", "chunk")]
    public async Task Refuses_an_upload_that_still_arrives_and_leaves_nothing_of_it(string dataset, string commit)
    {
        await using ServiceUnderTest before = await StartAsync(sessions: 2);
        Api api = new(before.Client);
        await api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(database, dataset);
        using var connection = await RawConnection.BeginUploadAsync(api.Address, dataset, "Transfer-Encoding: chunked");
        await connection.SendChunkAsync(Readings.Csv(Records));
        await api.WhenAsync(await rows.RegisteredAsync(), "partly loaded", j => j.Records.Loaded > 0);

        Task stop = before.StopAsync();

        Assert.Equal("shutting_down", (await connection.ReadAnswerAsync()).Problem.Code);
        await stop; // in time, although the sender has not hung up: a late stop throws
        Assert.Equal(0, await database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset}"));
        Assert.Equal(0, await database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{dataset}'"));
        AssertSpoolIsEmpty();
    }

    private async Task AssertLoadedOnceAsync(ServiceUnderTest service, string dataset, Guid id)
    {
        JobView job = await new Api(service.Client).WhenFinalAsync(id);
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(new RecordsView(Records, Records, 0, 0), job.Records);
        Assert.Equal(Records, await database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset}"));
        Assert.Equal(Records, await database.ScalarAsync<long>(
            $"SELECT count(DISTINCT id) FROM public.{dataset} WHERE id = _record AND _job_id = '{id}'"));
        Assert.Equal(1, await database.ScalarAsync<int>($"SELECT attempt FROM pipeline.jobs WHERE id = '{id}'"));
    }

    private void AssertSpoolIsEmpty() => Assert.Empty(SpoolFolder.UploadsIn(_spool.Path));

    private Task<ServiceUnderTest> StartAsync(int sessions) => ServiceUnderTest.StartAsync(
        database.ConnectionString,
        [
            ("Write:SessionsMax", $"{sessions}"), ("Write:SessionsPerJobMax", $"{sessions}"),
            ("Write:SessionsReceivingMax", $"{sessions}"), ("Spool:ChunkBytes", "4096"), ("Intake:LoadAfterBytes", "4096"),
            ("Spool:ChunkAgeMax", "00:00:00.020"),
        ],
        _spool.Path);
}
