using System.Net;
using System.Net.Sockets;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Journeys;

/// <summary>SIGTERM to the real process, and what clients and a balancer see of it.</summary>
public sealed class DrainTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Serves_on_while_readiness_says_no_and_closes_its_port_after_that()
    {
        using TemporaryFolder folder = new();
        int port = ServiceProcess.FreePort();
        await using var service = ServiceProcess.Start(
            database.ConnectionString, Path.Combine(folder.Path, "spool"), port, ("Hosting__DrainDelay", "00:05:00"));
        Assert.True(await service.WaitUntilReadyAsync(Token), service.Log);
        Uri address = ServiceProcess.AddressOf(port);

        await service.TerminateAsync();

        await BoundedWait.UntilAsync(
            "readiness to say no", async () => await StatusAsync(address, "health/ready") == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(address, "health/live"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(address, "v1/datasets"));
        Assert.False(service.HasExited);

        await service.TerminateAsync();

        await service.WaitForExitAsync(Token);
        Assert.Equal(0, service.ExitCode);
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => StatusAsync(address, "health/live"));
        Assert.IsType<SocketException>(refused.InnerException);
    }

    /// <summary>Through a connection of its own, as a client that has just learned of the address.</summary>
    private static async Task<HttpStatusCode> StatusAsync(Uri address, string path)
    {
        using HttpClient client = new();
        using HttpResponseMessage answer = await client.GetAsync(new Uri(address, path), Token);
        return answer.StatusCode;
    }
}
