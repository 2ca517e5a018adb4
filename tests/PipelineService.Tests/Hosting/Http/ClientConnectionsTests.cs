using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>Who has a place, who loses it, and for how long a connection that asks for nothing is kept.</summary>
public sealed class ClientConnectionsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string Live = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string HalfHead = "GET /health/live HTTP/1.1\r\nHost: loc";

    /// <summary>Long enough to be no reason for what is seen here.</summary>
    private static readonly (string, string?)[] Patient =
        [("Hosting:RequestHeadTimeout", "00:10:00"), ("Hosting:KeepAliveTimeout", "00:10:00"), ("Intake:BodyRateGrace", "00:10:00")];

    [Fact]
    public async Task A_new_connection_gets_the_place_of_the_longest_idle_one()
    {
        await using ServiceUnderTest service = await StartAsync([("Hosting:ClientConnectionsMax", "3"), .. Patient]);
        Uri address = service.Client.BaseAddress!;
        using RawConnection kept = await AskAsync(address);
        using RawConnection silent = await OpenAsync(address, "");
        using RawConnection halfway = await OpenAsync(address, HalfHead);
        ClientConnections connections = service.Services.GetRequiredService<ClientConnections>();
        await BoundedWait.UntilAsync("three places to be taken", () => connections.Count == 3);
        await AskAsync(kept); // now it is the others that are idle for longer

        using RawConnection first = await AskAsync(address);
        using RawConnection second = await AskAsync(address);

        Assert.Empty(await silent.ReadUntilEndAsync());
        Assert.Empty(await halfway.ReadUntilEndAsync());
        Assert.Equal(3, connections.Count);
        await AskAsync(kept);
        await AskAsync(first);
        await AskAsync(second);
    }

    [Fact]
    public async Task A_connection_with_a_request_in_progress_keeps_its_place_and_a_further_one_is_refused()
    {
        await using ServiceUnderTest service = await StartAsync([("Hosting:ClientConnectionsMax", "2"), .. Patient]);
        Api api = new(service.Client);
        await api.DeclareAsync("in_progress", Readings.Definition());
        string body = Readings.Csv(3);
        string head = RawConnection.UploadHead(
            "in_progress", $"Content-Length: {body.Length}\r\nExpect: 100-continue\r\nPrefer: wait=30\r\nConnection: close");
        using RawConnection first = await OpenAsync(api.Address, head);
        await first.ReadUntilAsync("100 Continue\r\n\r\n");
        using RawConnection second = await OpenAsync(api.Address, head);
        await second.ReadUntilAsync("100 Continue\r\n\r\n"); // the client of the declaration has lost its place

        using RawConnection refused = await RawConnection.OpenAsync(api.Address);
        Assert.Empty(await refused.ReadUntilEndAsync());

        await first.SendAsync(body);
        await second.SendAsync(body);
        Assert.Equal(3, (await first.ReadAnswerAsync()).Job.Records.Loaded);
        Assert.Equal(3, (await second.ReadAnswerAsync()).Job.Records.Loaded);
        await first.ReadUntilEndAsync();
        using RawConnection next = await AskAsync(api.Address);
    }

    [Fact]
    public async Task Connections_that_ask_for_nothing_are_ended()
    {
        await using ServiceUnderTest service = await StartAsync(
            [("Hosting:RequestHeadTimeout", "00:00:01"), ("Hosting:KeepAliveTimeout", "00:00:01")]);
        Uri address = service.Client.BaseAddress!;
        using RawConnection silent = await OpenAsync(address, "");
        using RawConnection halfway = await OpenAsync(address, HalfHead);
        using RawConnection kept = await AskAsync(address);

        Assert.Empty(await silent.ReadUntilEndAsync());
        Assert.StartsWith("HTTP/1.1 408", await halfway.ReadUntilEndAsync(), StringComparison.Ordinal);
        Assert.Empty(await kept.ReadUntilEndAsync());
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_connections_that_ask_for_nothing()
    {
        await using ServiceUnderTest service = await StartAsync([("Hosting:ShutdownTimeout", "00:10:00"), .. Patient]);
        Uri address = service.Client.BaseAddress!;
        using RawConnection silent = await OpenAsync(address, "");
        using RawConnection kept = await AskAsync(address);

        await service.StopAsync().Within("the service to stop");

        Assert.Empty(await silent.ReadUntilEndAsync());
        Assert.Empty(await kept.ReadUntilEndAsync());
    }

    private Task<ServiceUnderTest> StartAsync(IEnumerable<(string, string?)> settings) =>
        ServiceUnderTest.StartAsync(database.ConnectionString, settings);

    private static Task<RawConnection> OpenAsync(Uri address, string text) => RawConnection.OpenAsync(address, text);

    /// <summary>Connects, asks, and reads the answer; the connection is kept.</summary>
    private static async Task<RawConnection> AskAsync(Uri address)
    {
        RawConnection connection = await RawConnection.OpenAsync(address);
        await AskAsync(connection);
        return connection;
    }

    private static async Task AskAsync(RawConnection connection)
    {
        await connection.SendAsync(Live);
        Assert.Equal(HttpStatusCode.OK, ApiAnswer.Parse(await connection.ReadUntilAsync("\r\n0\r\n\r\n")).Status);
    }
}
