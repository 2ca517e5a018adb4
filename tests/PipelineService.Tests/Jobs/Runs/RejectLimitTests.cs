using System.Globalization;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>Jobs whose rejects reach the limits that the dataset sets.</summary>
public sealed class RejectLimitTests(RejectLimitTests.SmallChunks running) : IClassFixture<RejectLimitTests.SmallChunks>
{
    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("count_reached", "'maxCount': 3", 3, JobState.PartiallySucceeded)]
    [InlineData("count_exceeded", "'maxCount': 2", 3, JobState.Failed)]
    [InlineData("none_allowed", "'maxCount': 0", 1, JobState.Failed)]
    [InlineData("ratio_reached", "'maxRatio': 0.3", 3, JobState.PartiallySucceeded)]
    [InlineData("ratio_exceeded", "'maxRatio': 0.2", 3, JobState.Failed)]
    public async Task Fails_a_job_that_exceeds_a_limit_and_shows_what_was_wrong(
        string dataset, string limits, int bad, JobState state)
    {
        await _api.DeclareAsync(dataset, Readings.Definition($"'rejects': {{ {limits} }}"));

        JobView job = await _api.LoadAsync(dataset, Readings.Header + BadRows(bad) + Readings.CsvRows(1, 10 - bad));

        Assert.Equal(state, job.State);
        Assert.Equal(state == JobState.Failed ? "reject_limit_reached" : null, job.Error?.Code);
        Assert.Equal(bad, job.Records.Rejected);
        Assert.Equal(job.Records.Read, job.Records.Loaded + job.Records.Rejected);
        Assert.Equal(state == JobState.Failed ? 0 : 10 - bad, await running.CountRowsAsync(dataset));
        ApiAnswer letters = await _api.GetAsync(job.Links.DeadLetters);
        Assert.Equal(bad, letters.Read<DeadLetterPage>().Items.Count);
        running.AssertSpoolIsEmpty();
    }

    [Theory]
    [InlineData("late_limit_by_job", "job", false)]
    [InlineData("late_limit_by_chunk", "chunk", true)]
    public async Task Keeps_what_was_loaded_before_the_limit_only_when_chunks_commit(
        string dataset, string commit, bool keepsRows)
    {
        await _api.DeclareAsync(
            dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}, 'rejects': {{ 'maxCount': 2 }}"));

        JobView job = await _api.LoadAsync(
            dataset, Readings.Header + BadRows(1) + Readings.CsvRows(1, 2_000) + BadRows(2) + Readings.CsvRows(2_001, 2_000));

        Assert.Equal("reject_limit_reached", job.Error?.Code);
        Assert.Equal(3, job.Records.Rejected);
        long rows = await running.CountRowsAsync(dataset);
        Assert.Equal(job.Records.Loaded, rows);
        Assert.Equal(keepsRows, rows > 0);
        Assert.Equal(job.Records.Read, job.Records.Loaded + job.Records.Rejected);
    }

    private static string BadRows(int count) => string.Concat(
        Enumerable.Range(1, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"bad {i},a,1\n")));

    /// <summary>One session, so that chunks are written in the order of the data.</summary>
    public sealed class SmallChunks(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Spool:ChunkBytes", "4096"), ("Write:SessionsPerJobMax", "1")];
    }
}
