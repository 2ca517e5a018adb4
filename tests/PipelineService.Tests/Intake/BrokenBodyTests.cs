using System.Net;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>Bodies that end too early, are framed wrongly or come too slowly. Nothing is left of them.</summary>
public sealed class BrokenBodyTests(BrokenBodyTests.ImpatientService running) : IClassFixture<BrokenBodyTests.ImpatientService>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task Refuses_a_body_shorter_than_its_length()
    {
        using RawConnection connection = await BeginAsync("short_body", "Content-Length: 1000");

        await connection.SendAsync(Readings.Csv(3));
        connection.EndSending();

        await AssertRefusedAsync(connection, "short_body", HttpStatusCode.BadRequest, "upload_truncated");
    }

    [Fact]
    public async Task Refuses_a_chunked_body_without_its_last_chunk()
    {
        using RawConnection connection = await BeginAsync("no_last_chunk", "Transfer-Encoding: chunked");

        await connection.SendChunkAsync(Readings.Csv(3));
        connection.EndSending();

        await AssertRefusedAsync(connection, "no_last_chunk", HttpStatusCode.BadRequest, "upload_truncated");
    }

    [Fact]
    public async Task Refuses_a_chunk_whose_size_is_no_number()
    {
        using RawConnection connection = await BeginAsync("bad_chunk", "Transfer-Encoding: chunked");

        await connection.SendChunkAsync(Readings.Csv(3));
        await connection.SendAsync("zz\r\n");

        await AssertRefusedAsync(connection, "bad_chunk", HttpStatusCode.BadRequest, "malformed_request");
    }

    [Fact]
    public async Task Refuses_a_body_that_comes_too_slowly()
    {
        using RawConnection connection = await BeginAsync("slow_body", "Content-Length: 1000000");

        await connection.SendAsync(Readings.Header);

        await AssertRefusedAsync(connection, "slow_body", HttpStatusCode.RequestTimeout, "request_timeout");
    }

    [Fact]
    public async Task Leaves_nothing_of_a_body_whose_connection_is_reset()
    {
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(running.Database, "reset_body");
        using RawConnection connection = await BeginAsync("reset_body", "Content-Length: 1000000");
        await connection.SendAsync(Readings.Csv(1_000)); // enough to be loaded early, so its job is registered
        await rows.RegisteredAsync();

        connection.Reset();

        await running.AssertNothingIsLeftAsync("reset_body");
    }

    private async Task<RawConnection> BeginAsync(string dataset, string framing)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());
        return await RawConnection.BeginUploadAsync(_api.Address, dataset, framing);
    }

    private async Task AssertRefusedAsync(RawConnection connection, string dataset, HttpStatusCode status, string code)
    {
        ApiAnswer answer = await connection.ReadAnswerAsync();
        Assert.Equal(status, answer.Status);
        Assert.Equal(code, answer.Problem.Code);
        await running.AssertNothingIsLeftAsync(dataset);
    }

    /// <summary>Loads early, and waits no longer than it must for slow senders.</summary>
    public sealed class ImpatientService(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Intake:BodyRateGrace", "00:00:01.5"),
            ("Intake:BodyBytesPerSecondMin", "100000"),
            ("Intake:LoadAfterBytes", "4096"),
        ];
    }
}
