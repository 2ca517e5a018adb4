using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>A job over its reject limit reads no further, wherever its upload is by then.</summary>
public sealed class EarlyLimitTests(EarlyLimitTests.OneReceivingSession running) : IClassFixture<EarlyLimitTests.OneReceivingSession>
{
    /// <summary>Sent of each upload; some 200 chunks.</summary>
    private const int Sent = 50_000;

    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("count_by_job", "job", "'maxCount': 10")]
    [InlineData("count_by_chunk", "chunk", "'maxCount': 10")]
    [InlineData("ratio_by_job", "job", "'maxRatio': 0.5")]
    [InlineData("ratio_by_chunk", "chunk", "'maxRatio': 0.5")]
    public async Task Stops_long_before_the_end_of_the_data(string dataset, string commit, string limits)
    {
        await DeclareAsync(dataset, commit, limits);

        JobView job = await _api.LoadAsync(dataset, Readings.Csv(1_000) + BadRecords(Sent));

        Assert.Equal((JobState.Failed, "reject_limit_reached"), (job.State, job.Error?.Code));
        Assert.True(job.Upload.Complete);
        Assert.InRange(job.Records.Rejected, 10, Sent / 10);
        Assert.InRange(job.Records.Read, job.Records.Rejected, Sent / 10);
        Assert.Equal(commit == "chunk", job.Records.Loaded > 0);
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, job, dataset);
    }

    [Fact]
    public async Task Does_not_judge_a_ratio_by_the_first_records()
    {
        await DeclareAsync("patient", "chunk", "'maxRatio': 0.1");

        JobView job = await _api.LoadAsync("patient", Readings.Header + BadRecords(100) + Readings.CsvRows(1, 2_000));

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(2_100, 2_000, 100, 0)), (job.State, job.Records));
    }

    /// <summary>
    /// The sender is answered when it has sent all: with its job, which has failed. Until then anybody can see that it will, and
    /// the only session for uploads that arrive is somebody else's.
    /// </summary>
    [Theory]
    [InlineData("arriving_job", "job")]
    [InlineData("arriving_chunks", "chunk")]
    public async Task Stops_while_the_upload_still_arrives_and_gives_its_session_back(string dataset, string commit)
    {
        await DeclareAsync(dataset, commit, "'maxCount': 10");
        using HeldBody body = new();
        (Guid id, Task<ApiAnswer> upload) = await BeginAsync(dataset, body, Readings.Csv(1_000) + BadRecords(500));
        JobView job = await _api.WhenAsync(id, "about to fail", j => j.Error is not null);
        Assert.Equal((JobState.Receiving, "reject_limit_reached"), (job.State, job.Error!.Code));
        await body.SendAsync(BadRecords(1));
        SpoolDirectory spool = running.Service.Services.GetRequiredService<SpoolDirectory>();
        await BoundedWait.UntilAsync("what nobody will read to leave the spool", () => spool.Bytes == 0);

        string next = $"{dataset}_next";
        await DeclareAsync(next, commit, "'maxCount': 10");
        using HeldBody nextBody = new();
        (Guid nextId, Task<ApiAnswer> nextUpload) = await BeginAsync(next, nextBody, Readings.Csv(1_000));
        await _api.WhenAsync(nextId, "partly loaded", j => j.Records.Loaded > 0);
        nextBody.Complete();
        Assert.Equal(JobState.Succeeded, (await nextUpload.Within("the next upload to be answered")).Job.State);

        await body.SendAsync(BadRecords(Sent));
        Assert.Equal(0, spool.Bytes);
        body.Complete();

        ApiAnswer answer = await upload.Within("the upload to be answered");
        Assert.Equal((HttpStatusCode.OK, JobState.Failed), (answer.Status, answer.Job.State));
        Assert.Equal("reject_limit_reached", answer.Job.Error?.Code);
        Assert.InRange(answer.Job.Records.Rejected, 11, 500);
        Assert.Equal(commit == "chunk", answer.Job.Records.Loaded > 0);
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, answer.Job, dataset);
    }

    private async Task<(Guid Id, Task<ApiAnswer> Upload)> BeginAsync(string dataset, HeldBody body, string data)
    {
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(running.Database, dataset);
        Task<ApiAnswer> upload = _api.UploadAsync(dataset, body, ("Prefer", "wait=30"));
        await body.SendAsync(data);
        return (await rows.RegisteredAsync(), upload);
    }

    private Task DeclareAsync(string dataset, string commit, string limits) => _api.DeclareAsync(
        dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}, 'rejects': {{ {limits} }}"));

    private static string BadRecords(int count) => string.Concat(Enumerable.Repeat("bad,a,1\n", count));

    /// <summary>Room for one upload that arrives; a job has one session, so that its chunks are written in order.</summary>
    public sealed class OneReceivingSession(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Spool:ChunkBytes", "4096"), ("Spool:ChunkAgeMax", "00:00:00.020"), ("Intake:LoadAfterBytes", "4096"),
            ("Write:SessionsPerJobMax", "1"), ("Write:SessionsReceivingMax", "1"), ("Intake:BodyRateGrace", "00:05:00"),
        ];
    }
}
