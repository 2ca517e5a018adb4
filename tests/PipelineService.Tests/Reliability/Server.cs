using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PipelineService.Hosting.Embedded;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A PostgreSQL that a test may kill. fsync is off: only processes die here, and what they wrote stays in the kernel's
/// cache. Commits are written there before they are confirmed; without that (a throw-away server's default) the torture
/// test finds jobs that the database has forgotten.
/// </summary>
internal sealed class Server : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private readonly EmbeddedPostgres _postgres;

    private Server(EmbeddedPostgres postgres)
    {
        _postgres = postgres;
        DataSource = new NpgsqlDataSourceBuilder(postgres.SuperuserConnectionString + ";Pooling=false").Build();
    }

    public string ConnectionString => _postgres.SuperuserConnectionString;

    /// <summary>For the test's own looks; unpooled, so that none of its connections outlives a kill.</summary>
    public NpgsqlDataSource DataSource { get; }

    public static async Task<Server> StartAsync()
    {
        EmbeddedPostgresSettings settings = new()
        {
            Directory = Path.Combine(Path.GetTempPath(), $"pipeline-server-{Guid.NewGuid():N}"),
            Durable = false,
            ConnectionsMax = 100,
            ServerSettings = new Dictionary<string, string> { ["synchronous_commit"] = "on", ["full_page_writes"] = "on" },
        };
        return await StartAsync(settings);
    }

    public static async Task<Server> StartAsync(EmbeddedPostgresSettings settings) =>
        new(await EmbeddedPostgres.StartAsync(settings, NullLogger.Instance, TestContext.Current.CancellationToken));

    /// <summary>SIGKILL to the first process. Its sessions live on for a while, and may commit.</summary>
    public async Task KillAsync()
    {
        await Signals.SendAsync("KILL", _postgres.ProcessId);
        await WaitUntilGoneAsync();
    }

    /// <summary>SIGQUIT: all processes end at once, and the next start recovers.</summary>
    public async Task StopImmediatelyAsync()
    {
        await Signals.SendAsync("QUIT", _postgres.ProcessId);
        await WaitUntilGoneAsync();
    }

    /// <summary>Starts it again, after the last session of the one before has ended.</summary>
    public Task RestartAsync() => _postgres.EnsureRunningAsync(TestContext.Current.CancellationToken);

    /// <summary>Ends it and forgets it: its folder goes away under it.</summary>
    public async Task AbandonAsync()
    {
        await DataSource.DisposeAsync();
        await StopImmediatelyAsync();
        _postgres.Abandon();
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    private async Task WaitUntilGoneAsync()
    {
        while (await Postmaster.OwnsAsync(_postgres.ProcessId, _postgres.DataDirectory, TestContext.Current.CancellationToken))
        {
            await Task.Delay(Poll, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
