using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// A PostgreSQL of the run's own, durable (fsync on, as it comes), reached through a private socket. Both sides of every
/// comparison use it. <c>--postgres "Host=…"</c> takes a server that is there instead.
/// </summary>
internal sealed class BenchmarkPostgres : IAsyncDisposable
{
    /// <summary>Not durability, only room: without it both sides would mostly measure forced checkpoints.</summary>
    private static readonly string[] Settings =
        ["shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min", "listen_addresses="];

    private readonly Process? _server;
    private readonly string? _directory;

    private BenchmarkPostgres(string connectionString, Process? server, string? directory)
    {
        ConnectionString = connectionString;
        DataSource = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connectionString) { CommandTimeout = 0, MaxPoolSize = 4 }.ToString());
        _server = server;
        _directory = directory;
    }

    public string ConnectionString { get; }

    /// <summary>For the harness; the service and psql have connections of their own.</summary>
    public NpgsqlDataSource DataSource { get; }

    public static string DescribeSettings => string.Join(", ", Settings.Where(s => !s.StartsWith("listen", StringComparison.Ordinal)));

    public static async Task<BenchmarkPostgres> StartAsync(string? connectionString, string scratch)
    {
        if (connectionString is not null)
        {
            return new BenchmarkPostgres(connectionString, server: null, directory: null);
        }

        string binaries = FindBinaries();

        // PostgreSQL refuses to run as root, and its user must be able to reach its directory.
        string? user = Environment.IsPrivilegedProcess ? "postgres" : null;
        string directory = Directory.CreateDirectory(Path.Combine(scratch, "postgres")).FullName;
        if (user is not null)
        {
            await Tool.RunAsync("chown", [user, directory]);
        }

        string data = Path.Combine(directory, "data");
        await Tool.RunAsync(
            Path.Combine(binaries, "initdb"),
            ["--pgdata", data, "--username", "bench", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"],
            user);
        Process server = Start(binaries, data, directory, user);
        var postgres = new BenchmarkPostgres(
            $"Host={directory};Username=bench;Database=postgres", server, directory);
        await postgres.WaitUntilReadyAsync();
        return postgres;
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
            _server.StandardInput.Close();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }

        if (_directory is not null)
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    /// <summary>
    /// The shell ties the server to this process: when standard input ends, however this process ends, it sends SIGINT, a
    /// fast shutdown.
    /// </summary>
    private static Process Start(string binaries, string data, string socketDirectory, string? user)
    {
        const string Tie = "\"$@\" </dev/null & p=$!; read _; kill -INT $p; wait $p";
        IEnumerable<string> settings = Settings.Append($"unix_socket_directories={socketDirectory}").SelectMany(s => new[] { "-c", s });
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", Tie, "sh", Path.Combine(binaries, "postgres"), "-D", data, .. settings])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        if (user is not null)
        {
            start.UserName = user;
        }

        Process server = Process.Start(start) ?? throw new InvalidOperationException("PostgreSQL did not start.");

        // Unread pipes would fill and stop the server.
        server.OutputDataReceived += static (_, _) => { };
        server.ErrorDataReceived += static (_, _) => { };
        server.BeginOutputReadLine();
        server.BeginErrorReadLine();
        return server;
    }

    private async Task WaitUntilReadyAsync()
    {
        const int AttemptsMax = 100;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await ExecuteAsync("SELECT 1");
                return;
            }
            catch (NpgsqlException) when (attempt < AttemptsMax)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }
    }

    private static string FindBinaries()
    {
        IEnumerable<string> onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        IEnumerable<string> debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .OrderByDescending(d => double.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out double v) ? v : 0)
                .Select(d => Path.Combine(d, "bin"))
            : [];
        return onPath.Concat(debian).FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")))
            ?? throw new InvalidOperationException(
                "No PostgreSQL binaries: install the package 'postgresql', or pass --postgres \"Host=…\".");
    }
}
