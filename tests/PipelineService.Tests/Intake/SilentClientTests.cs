using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>
/// Clients that have vanished without a word: their connections stay open for the service, and nothing comes from them, nor is
/// anything taken. A client that stops to read and to send looks the same.
/// </summary>
public sealed class SilentClientTests(SilentClientTests.ImpatientService running) : IClassFixture<SilentClientTests.ImpatientService>
{
    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("silent_after_head", "Content-Length: 1000000", 0)]
    [InlineData("silent_in_body", "Content-Length: 1000000", 1_000)]
    [InlineData("silent_between_chunks", "Transfer-Encoding: chunked", 1_000)]
    public async Task Takes_back_an_upload_whose_sender_falls_silent(string dataset, string framing, int records)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(running.Database, dataset);
        using RawConnection connection = await RawConnection.BeginUploadAsync(_api.Address, dataset, framing);
        if (records > 0)
        {
            string part = Readings.Csv(records);
            await (framing.EndsWith("chunked", StringComparison.Ordinal) ? connection.SendChunkAsync(part) : connection.SendAsync(part));
            await rows.RegisteredAsync(); // it is being loaded already
        }

        Assert.Equal(HttpStatusCode.RequestTimeout, ApiAnswer.Parse(await connection.ReadUntilEndAsync()).Status);
        await running.AssertNothingIsLeftAsync(dataset);
        await running.AssertNextIsLoadedAsync(dataset);
    }

    [Fact]
    public async Task Ends_long_polls_by_their_bound_or_with_their_connection()
    {
        await _api.DeclareAsync("awaited", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "awaited", id: 1);
        JobView job = (await _api.UploadAsync("awaited", Readings.Csv(1))).Job;
        string poll = $"GET /v1/jobs/{job.Id} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=3600\r\n\r\n";
        using RawConnection vanished = await RawConnection.OpenAsync(_api.Address, poll);
        using RawConnection closed = await RawConnection.OpenAsync(_api.Address, poll);
        using RawConnection reset = await RawConnection.OpenAsync(_api.Address, poll);
        await BoundedWait.UntilAsync("three polls to wait", () => running.RequestsInProgress == 3);
        closed.EndSending();
        reset.Reset();

        await running.WhenDoneWithRequestsAsync();

        Assert.Contains("HTTP/1.1 200 OK", await vanished.ReadUntilAsync("}"), StringComparison.Ordinal);
        Assert.False((await _api.GetAsync(job.Links.Self)).Job.State.IsFinal());
        await gate.OpenAsync();
        await _api.WhenFinalAsync(job.Id);
        await running.AssertNextIsLoadedAsync("awaited");
    }

    /// <summary>Loads early, and waits no longer than it must.</summary>
    public sealed class ImpatientService(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Intake:BodyRateGrace", "00:00:01.5"),
            ("Intake:BodyBytesPerSecondMin", "100000"),
            ("Intake:LoadAfterBytes", "4096"),
            ("Jobs:WaitMax", "00:00:01"),
        ];
    }
}
