using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PipelineService.Hosting.Embedded;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// A PostgreSQL of the run's own, durable, reached through a private socket. Both sides of every comparison use it.
/// <c>--postgres "Host=…"</c> takes a server that is there instead.
/// </summary>
internal sealed class BenchmarkPostgres : IAsyncDisposable
{
    /// <summary>Not durability, only room: without it both sides would mostly measure forced checkpoints.</summary>
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["shared_buffers"] = "512MB",
        ["max_wal_size"] = "8GB",
        ["checkpoint_timeout"] = "30min",
    };

    private readonly EmbeddedPostgres? _server;

    private BenchmarkPostgres(string connectionString, EmbeddedPostgres? server)
    {
        _server = server;
        ConnectionString = connectionString;
        DataSource = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connectionString) { CommandTimeout = 0, MaxPoolSize = 4 }.ToString());
    }

    public string ConnectionString { get; }

    /// <summary>For the harness; the service and psql have connections of their own.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <param name="connectionString">A server that is there, or null to start one.</param>
    /// <param name="scratch">Where the data of a server of our own goes.</param>
    public static async Task<BenchmarkPostgres> StartAsync(string? connectionString, string scratch)
    {
        if (connectionString is not null)
        {
            return new BenchmarkPostgres(connectionString, server: null);
        }

        var settings = new EmbeddedPostgresSettings
        {
            Directory = Path.Combine(scratch, "database"),
            Durable = true,
            ConnectionsMax = 40,
            ServerSettings = Settings,
        };
        EmbeddedPostgres server = await EmbeddedPostgres.StartAsync(settings, NullLogger.Instance, CancellationToken.None);
        return new BenchmarkPostgres(server.SuperuserConnectionString, server);
    }

    /// <summary>The settings that decide how fast and how safe a load is, as the server has them.</summary>
    public async Task<string> DescribeAsync()
    {
        string[] names = ["server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level", .. Settings.Keys];
        var values = new List<string>();
        foreach (string name in names)
        {
            values.Add($"{name} {await QueryAsync<string>($"SHOW {name}")}");
        }

        return string.Join(", ", values);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using NpgsqlCommand command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
