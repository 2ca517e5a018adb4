using System.Globalization;
using System.Net.Sockets;
using System.Text;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Events.Views;

/// <summary>
/// Many follow a view and some never read: memory has a bound, uploads go on, and whoever reads has what the view has. A thousand by hand
/// (<c>PIPELINE_VIEW_CLIENTS</c>), one of twenty of which does not read.
/// </summary>
public sealed class ViewCrowdTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const long GrowthMax = 100L << 20;
    private const int Groups = 900;
    private const int Rounds = 3;

    private static readonly int Clients =
        int.Parse(Environment.GetEnvironmentVariable("PIPELINE_VIEW_CLIENTS") ?? "60", CultureInfo.InvariantCulture);

    private int _told;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Those_who_do_not_read_cost_nobody_anything()
    {
        using TemporaryFolder folder = new();
        int port = ServiceProcess.FreePort();
        await using var process = ServiceProcess.Start(
            database.ConnectionString, Path.Combine(folder.Path, "spool"), port, ("Hosting__ClientConnectionsMax", "3000"));
        await process.WaitUntilReadyAsync(Token);
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        Api api = new(http);
        await api.DeclareAsync("crowd", """
            { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "n", "type": "integer" } ] },
              "views": [ { "name": "v", "groupBy": ["id"], "measures": { "rows": "count", "total": "sum n" } } ] }
            """);
        await BoundedWait.UntilAsync(
            "the view to be built", async () => await database.ScalarAsync<string>("SELECT state FROM pipeline.views") == "ready");
        await LoadAsync(0);
        long before = process.ResidentBytes;
        List<Socket> silent = [];
        List<Task<int>> reading = [];
        using CancellationTokenSource over = new();
        for (int i = 0; i < Clients; i++)
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
            await socket.ConnectAsync("127.0.0.1", port, Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes(
                $"GET /v1/datasets/crowd/views/v HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n"), Token);
            if (i % 20 == 0)
            {
                silent.Add(socket);
            }
            else
            {
                reading.Add(ReadAsync(socket, over.Token));
            }
        }

        long most = before;
        for (int round = 1; round <= Rounds; round++)
        {
            int told = Volatile.Read(ref _told);
            await LoadAsync(round);
            await BoundedWait.UntilAsync("the change to be told", () => Volatile.Read(ref _told) > told);
            most = Math.Max(most, process.ResidentBytes);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Clients} clients, {silent.Count} of which do not read: {before >> 20} MiB before, {most >> 20} MiB at most");
        Assert.True(most - before < GrowthMax, $"{(most - before) >> 20} MiB more");
        await over.CancelAsync();
        int[] frames = await Task.WhenAll(reading);
        Assert.All(frames, count => Assert.InRange(count, 2, int.MaxValue));
        silent.ForEach(socket => socket.Dispose());

        async Task LoadAsync(int round)
        {
            StringBuilder csv = new("id,n\n");
            for (int i = 0; i < Groups; i++)
            {
                csv.Append(CultureInfo.InvariantCulture, $"{i},{round}\n");
            }

            await api.LoadAsync("crowd", csv.ToString());
        }
    }

    /// <returns>How many events it was told.</returns>
    private async Task<int> ReadAsync(Socket socket, CancellationToken over)
    {
        int events = 0;
        byte[] buffer = new byte[64 << 10];
        using (socket)
        {
            try
            {
                int first = await socket.ReceiveAsync(buffer, over);
                Assert.StartsWith("HTTP/1.1 200", Encoding.UTF8.GetString(buffer, 0, first), StringComparison.Ordinal);
                for (int read = first; read > 0; read = await socket.ReceiveAsync(buffer, over))
                {
                    int seen = Encoding.UTF8.GetString(buffer, 0, read).Split("event: ").Length - 1;
                    events += seen;
                    Interlocked.Add(ref _told, seen);
                }
            }
            catch (OperationCanceledException)
            {
                // It has read enough.
            }
        }

        return events;
    }
}
