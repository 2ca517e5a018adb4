using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>Uploads that are loaded while they arrive: what is seen of them meanwhile, and that a break leaves nothing.</summary>
public sealed class BrokenOffTests(BrokenOffTests.EagerService running) : IClassFixture<BrokenOffTests.EagerService>
{
    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("broken_job", "'load': { 'commit': 'job' }", false)]
    [InlineData("broken_job_with_key", "'load': { 'commit': 'job' }", false, "'primaryKey': ['id']")]
    [InlineData("broken_chunks", "'load': { 'commit': 'chunk' }", true)]
    [InlineData("broken_chunks_without_lineage", "'load': { 'commit': 'chunk', 'lineage': false }", false)]
    public async Task Takes_back_whatever_an_upload_had_loaded_when_it_broke_off(
        string dataset, string load, bool showsRows, string? key = null)
    {
        string definition = Readings.Definition(load);
        await _api.DeclareAsync(dataset, key is null ? definition : definition.Replace("] }", $"], {key} }}", StringComparison.Ordinal));
        using HeldBody body = new();
        Task<ApiAnswer> upload = _api.UploadAsync(dataset, body);
        JobView job = await LoadFirstPartAsync(dataset, body);
        Assert.Equal(showsRows, await running.CountRowsAsync(dataset) > 0);

        body.Break();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => upload);
        await running.AssertNothingIsLeftAsync(dataset);
        Assert.Equal("job_not_found", (await _api.GetAsync(job.Links.Self)).Problem.Code);
        Assert.Equal(0, await running.Database.ScalarAsync<long>(
            $"SELECT count(*) FROM pipeline.job_chunks WHERE job_id = '{job.Id}'"));
    }

    [Theory]
    [InlineData("whole_job", "'load': { 'commit': 'job' }", false)]
    [InlineData("whole_chunks", "'load': { 'commit': 'chunk' }", true)]
    [InlineData("whole_chunks_without_lineage", "'load': { 'commit': 'chunk', 'lineage': false }", false)]
    public async Task Shows_progress_of_an_upload_that_still_arrives(string dataset, string load, bool showsRows)
    {
        await _api.DeclareAsync(dataset, Readings.Definition(load));
        using HeldBody body = new();
        Task<ApiAnswer> upload = _api.UploadAsync(dataset, body, ("Prefer", "wait=30"));

        JobView job = await LoadFirstPartAsync(dataset, body);
        Assert.Equal(JobState.Receiving, job.State);
        Assert.False(job.Upload.Complete);
        Assert.Null(job.Upload.Sha256);
        Assert.Null(job.ReceivedAt);
        Assert.True(job.Upload.Bytes > 0);
        Assert.Equal(showsRows, await running.CountRowsAsync(dataset) > 0);

        await body.SendAsync(Readings.CsvRows(1_001, 1_000));
        JobView later = await _api.WhenAsync(job.Id, "further on", j => j.Records.Read > job.Records.Read);
        Assert.Equal(JobState.Receiving, later.State);
        body.Complete();

        job = (await upload).Job;
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(new RecordsView(2_000, 2_000, 0, 0), job.Records);
        Assert.Equal(2_000, await running.CountRowsAsync(dataset));
        running.AssertSpoolIsEmpty();
    }

    [Fact]
    public async Task Takes_back_an_upload_that_broke_off_after_its_job_had_failed()
    {
        await _api.DeclareAsync("broken_failed", Readings.Definition());
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(running.Database, "broken_failed");
        using HeldBody body = new();
        Task<ApiAnswer> upload = _api.UploadAsync("broken_failed", body);
        await body.SendAsync("no,such,header\n" + Readings.CsvRows(1, 1_000));
        await rows.RegisteredAsync();

        body.Break();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => upload);
        await running.AssertNothingIsLeftAsync("broken_failed");
    }

    /// <summary>Sends the first 1,000 records and waits until some of them are loaded.</summary>
    private async Task<JobView> LoadFirstPartAsync(string dataset, HeldBody body)
    {
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(running.Database, dataset);
        await body.SendAsync(Readings.Csv(1_000));
        return await _api.WhenAsync(await rows.RegisteredAsync(), "partly loaded", j => j.Records.Loaded > 0);
    }

    /// <summary>Loads uploads from their first bytes on, in small chunks.</summary>
    public sealed class EagerService(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Spool:ChunkBytes", "4096"), ("Spool:ChunkAgeMax", "00:00:00.020"), ("Intake:LoadAfterBytes", "4096")];
    }
}
