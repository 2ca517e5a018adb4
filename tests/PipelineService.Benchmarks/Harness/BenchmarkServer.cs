using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PipelineService.Hosting.Embedded;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// A PostgreSQL of the run's own, durable, reached through a private socket. All sides of every comparison use it, each
/// in a database of its own. <c>--postgres "Host=…"</c> takes a server that is there instead, and makes and drops
/// databases there.
/// </summary>
internal sealed class BenchmarkServer : IAsyncDisposable
{
    /// <summary>Not durability, only room: without it all sides would mostly measure forced checkpoints.</summary>
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["shared_buffers"] = "512MB",
        ["max_wal_size"] = "8GB",
        ["checkpoint_timeout"] = "30min",
    };

    private readonly EmbeddedPostgres? _server;
    private readonly BenchmarkDatabase _entry;
    private readonly List<BenchmarkDatabase> _databases = [];

    private BenchmarkServer(string connectionString, EmbeddedPostgres? server)
    {
        _server = server;
        _entry = new BenchmarkDatabase(connectionString);
    }

    /// <summary>The log of a server of our own; null when it is somebody else's.</summary>
    public string? LogPath => _server is null ? null : Path.Combine(_server.DataDirectory, "server.log");

    /// <param name="connectionString">A server that is there, or null to start one.</param>
    /// <param name="scratch">Where the data of a server of our own goes.</param>
    public static async Task<BenchmarkServer> StartAsync(string? connectionString, string scratch)
    {
        if (connectionString is not null)
        {
            return new BenchmarkServer(connectionString, server: null);
        }

        var settings = new EmbeddedPostgresSettings
        {
            Directory = Path.Combine(scratch, "database"),
            Durable = true,
            ConnectionsMax = 100,
            ServerSettings = Settings,
        };
        EmbeddedPostgres server = await EmbeddedPostgres.StartAsync(
            settings, NullLogger.Instance, CancellationToken.None);
        return new BenchmarkServer(server.SuperuserConnectionString, server);
    }

    public async Task<BenchmarkDatabase> CreateDatabaseAsync(string name)
    {
        string unique = $"benchmark_{Environment.ProcessId}_{name}";
        await _entry.ExecuteAsync($"CREATE DATABASE {unique}");
        BenchmarkDatabase database = new(
            new NpgsqlConnectionStringBuilder(_entry.ConnectionString) { Database = unique }.ToString());
        _databases.Add(database);
        return database;
    }

    /// <summary>The settings that decide how fast and how safe a load is, as the server has them.</summary>
    public async Task<string> DescribeAsync()
    {
        string[] names =
            ["server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level", .. Settings.Keys];
        var values = new List<string>();
        foreach (string name in names)
        {
            values.Add($"{name} {await _entry.QueryAsync<string>($"SHOW {name}")}");
        }

        return string.Join(", ", values);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (BenchmarkDatabase database in _databases)
        {
            await database.DisposeAsync();
            if (_server is null)
            {
                await _entry.ExecuteAsync($"DROP DATABASE {database.Name} WITH (FORCE)");
            }
        }

        await _entry.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
