using System.Net;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>Bodies that end too early, are framed wrongly or come too slowly. Nothing is left of them.</summary>
public sealed class BrokenBodyTests(BrokenBodyTests.ImpatientService running) : IClassFixture<BrokenBodyTests.ImpatientService>
{
    private readonly Api _api = running.Api;

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

    /// <remarks>The server hears of the end by the connection's end, so nobody can be answered any more.</remarks>
    [Theory]
    [InlineData("shorter_than_its_length", "Content-Length: 1000000", false)]
    [InlineData("without_last_chunk", "Transfer-Encoding: chunked", false)]
    [InlineData("shorter_and_reset", "Content-Length: 1000000", true)]
    [InlineData("without_last_chunk_and_reset", "Transfer-Encoding: chunked", true)]
    public async Task Leaves_nothing_of_a_body_that_ends_too_early(string dataset, string framing, bool resets)
    {
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(running.Database, dataset);
        using RawConnection connection = await BeginAsync(dataset, framing);
        string part = Readings.Csv(1_000); // enough to be loaded early, so its job is registered
        await (framing.EndsWith("chunked", StringComparison.Ordinal) ? connection.SendChunkAsync(part) : connection.SendAsync(part));
        await rows.RegisteredAsync();

        if (resets)
        {
            connection.Reset();
        }
        else
        {
            connection.EndSending();
        }

        await running.AssertNothingIsLeftAsync(dataset);
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
