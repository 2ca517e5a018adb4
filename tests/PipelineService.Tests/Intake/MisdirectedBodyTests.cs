using System.Net;
using System.Net.Sockets;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>Large bodies that nobody wants: answered at once, and not read for ever.</summary>
public sealed class MisdirectedBodyTests(RunningService running) : IClassFixture<RunningService>
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly string Piece = new('x', 16 << 10);

    private readonly Api _api = running.Api;

    /// <remarks>The four at once: the server reads on for five seconds, for the sake of clients that read only at the end.</remarks>
    [Fact]
    public async Task Ends_the_connection_of_a_sender_that_goes_on_after_its_refusal()
    {
        await _api.DeclareAsync("deleted", Readings.Definition());
        await _api.DeclareAsync("wrong_method", Readings.Definition());
        using HttpResponseMessage removed = await running.Service.Client.DeleteAsync(
            "/v1/datasets/deleted", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);

        await Task.WhenAll(
            AssertRefusedAsync(HttpStatusCode.NotFound, RawConnection.UploadHead("undeclared", "Content-Length: 1000000000")),
            AssertRefusedAsync(HttpStatusCode.NotFound, RawConnection.UploadHead("deleted", "Content-Length: 1000000000")),
            AssertRefusedAsync(
                HttpStatusCode.MethodNotAllowed,
                RawConnection.UploadHead("wrong_method", "Content-Length: 1000000000").Replace("POST", "PUT", StringComparison.Ordinal)),
            AssertRefusedAsync(
                HttpStatusCode.NotFound, "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"));

        await running.AssertNothingIsLeftAsync("wrong_method");
        await running.AssertNothingIsLeftAsync("deleted");
    }

    private async Task AssertRefusedAsync(HttpStatusCode status, string head)
    {
        using RawConnection connection = await RawConnection.OpenAsync(_api.Address, head + Piece);

        string answer = await connection.ReadUntilAsync("\r\n0\r\n\r\n");

        Assert.Equal(status, ApiAnswer.Parse(answer).Status);
        await SendUntilEndAsync(connection).Within("the end of a body that was refused");
    }

    private static async Task SendUntilEndAsync(RawConnection connection)
    {
        try
        {
            while (true)
            {
                await connection.SendAsync(Piece);
                await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
        catch (SocketException)
        {
            // The service has ended it.
        }
    }
}
