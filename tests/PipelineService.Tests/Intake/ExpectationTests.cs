using System.Net;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>
/// Clients that ask before they send their body (<c>Expect: 100-continue</c>): what is known from the head is said then, so that
/// nobody sends a terabyte to hear that there is no such dataset.
/// </summary>
public sealed class ExpectationTests(ExpectationTests.TightService running) : IClassFixture<ExpectationTests.TightService>
{
    private const string Continue = "HTTP/1.1 100 Continue\r\n\r\n";

    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("expects_404", "Content-Length: 10", HttpStatusCode.NotFound, false)]
    [InlineData("expects_413", "Content-Length: 3000000", HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("expects_507", "Content-Length: 1500000", HttpStatusCode.InsufficientStorage)]
    [InlineData("expects_415", "Content-Length: 10\r\nContent-Encoding: compress", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("expects_400", "Content-Length: 10\r\nIdempotency-Key: two words", HttpStatusCode.BadRequest)]
    [InlineData("expects_400_for_digest", "Content-Length: 10\r\nContent-Digest: sha-256=none", HttpStatusCode.BadRequest)]
    public async Task Refuses_before_the_body_and_ends_the_connection(
        string dataset, string headers, HttpStatusCode status, bool isDeclared = true)
    {
        if (isDeclared)
        {
            await _api.DeclareAsync(dataset, Readings.Definition());
        }

        using RawConnection connection = await BeginAsync(dataset, headers);
        ApiAnswer answer = await connection.ReadAnswerAsync();

        Assert.Equal(status, answer.Status); // and no interim answer before it
        Assert.Equal("close", answer["Connection"]);
        connection.EndSending();
        Assert.Empty(await connection.ReadUntilEndAsync());
        await running.AssertNothingIsLeftAsync(dataset);
    }

    [Fact]
    public async Task Asks_for_the_body_of_an_upload_that_it_takes()
    {
        await _api.DeclareAsync("expects_100", Readings.Definition());
        string body = Readings.Csv(3);
        using RawConnection connection = await BeginAsync("expects_100", $"Content-Length: {body.Length}\r\nPrefer: wait=30\r\nConnection: close");

        Assert.Equal(Continue, await connection.ReadUntilAsync("\r\n\r\n"));
        await connection.SendAsync(body);
        ApiAnswer answer = await connection.ReadAnswerAsync();

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(3, answer.Job.Records.Loaded);
        await running.AssertNextIsLoadedAsync("expects_100");
    }

    private Task<RawConnection> BeginAsync(string dataset, string headers) =>
        RawConnection.OpenAsync(_api.Address, RawConnection.UploadHead(dataset, $"Expect: 100-continue\r\n{headers}"));

    /// <summary>A spool of 1 MiB, and bodies of at most two.</summary>
    public sealed class TightService(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Spool:QuotaBytes", $"{1 << 20}"), ("Intake:BodyBytesMax", $"{2 << 20}")];
    }
}
