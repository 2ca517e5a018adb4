using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>Uploads that the spool has no room for.</summary>
public sealed class SpoolQuotaTests(SpoolQuotaTests.TightService running) : IClassFixture<SpoolQuotaTests.TightService>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task Refuses_an_announced_length_over_the_quota_before_the_body()
    {
        await _api.DeclareAsync("over_quota", Readings.Definition());
        using var connection = await RawConnection.BeginUploadAsync(
            _api.Address, "over_quota", $"Content-Length: {TightService.QuotaBytes + 1}");

        await AssertRefusedAsync(await connection.ReadAnswerAsync(), "over_quota");
    }

    [Theory]
    [InlineData("fills_quota")]
    [InlineData("fills_quota_by_chunks", "'load': { 'commit': 'chunk' }")]
    public async Task Refuses_a_body_that_fills_the_quota_while_it_arrives_and_takes_the_next(
        string dataset, string? parts = null)
    {
        await _api.DeclareAsync(dataset, Readings.Definition(parts));
        string rows = Readings.CsvRows(1, 5_000);
        using (var connection = await RawConnection.BeginUploadAsync(_api.Address, dataset, "Transfer-Encoding: chunked"))
        {
            await connection.SendChunkAsync(Readings.Header);
            for (int sent = 0; sent <= TightService.QuotaBytes; sent += rows.Length)
            {
                await connection.SendChunkAsync(rows);
            }

            await AssertRefusedAsync(await connection.ReadAnswerAsync(), dataset);
        }

        Assert.Equal(JobState.Succeeded, (await _api.LoadAsync(dataset, Readings.Csv(5_000))).State);
    }

    /// <summary>Each would fit by itself.</summary>
    [Fact]
    public async Task Refuses_one_of_two_uploads_that_do_not_fit_together_and_takes_the_other()
    {
        await _api.DeclareAsync("two_for_quota", Readings.Definition());
        string body = Readings.Csv(40_000);
        Assert.InRange(body.Length, (TightService.QuotaBytes / 2) + 1, TightService.QuotaBytes);
        using var first = await RawConnection.BeginUploadAsync(_api.Address, "two_for_quota", $"Content-Length: {body.Length}");
        using var second = await RawConnection.BeginUploadAsync(_api.Address, "two_for_quota", $"Content-Length: {body.Length}");
        await second.SendAsync(body[..100]);
        await WhenHeldAsync(100); // it has passed the look at its announced length
        await first.SendAsync(body[..^100]);
        await WhenHeldAsync(body.Length);

        await second.SendAsync(body[100..]);
        ApiAnswer refused = await second.ReadAnswerAsync();
        await first.SendAsync(body[^100..]);
        ApiAnswer taken = await first.ReadAnswerAsync();

        Assert.Equal((HttpStatusCode.InsufficientStorage, "spool_full"), (refused.Status, refused.Problem.Code));
        Assert.Equal(HttpStatusCode.Accepted, taken.Status);
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(taken.Job.Id)).State);
        Assert.Equal(1, await running.CountJobsAsync("two_for_quota"));
        await WhenHeldAsync(0);
    }

    private Task WhenHeldAsync(long bytes) => BoundedWait.UntilAsync(
        $"the spool to hold {bytes} bytes", () => running.Service.Services.GetRequiredService<SpoolDirectory>().Bytes == bytes);

    private async Task AssertRefusedAsync(ApiAnswer answer, string dataset)
    {
        Assert.Equal(HttpStatusCode.InsufficientStorage, answer.Status);
        Assert.Equal("spool_full", answer.Problem.Code);
        Assert.NotNull(answer["Retry-After"]);
        await running.AssertNothingIsLeftAsync(dataset);
        await WhenHeldAsync(0);
    }

    /// <summary>A spool of 1 MiB, and uploads that are loaded from their first bytes on.</summary>
    public sealed class TightService(PostgresServer server) : RunningService(server)
    {
        public const int QuotaBytes = 1 << 20;

        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Spool:QuotaBytes", $"{QuotaBytes}"), ("Spool:ChunkBytes", "4096"), ("Intake:LoadAfterBytes", "4096")];
    }
}
