using Npgsql;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// A private PostgreSQL, for running the service without setting up a database, and for tests. It starts in steps:
/// 1. lock the folder, 2. find the programs, 3. stop what an earlier run left, 4. make and configure the data folder,
/// 5. start the server and tie its life to ours, 6. make the database.
/// </summary>
public sealed partial class EmbeddedPostgres : IAsyncDisposable
{
    private const string DatabaseName = "pipeline";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly EmbeddedPostgresSettings _settings;
    private readonly ServerAccount _account;
    private readonly PostgresBinaries _binaries;
    private readonly Cluster _cluster;
    private readonly DirectoryLock _lock;
    private readonly TimeProvider _time;
    private Lifeline? _lifeline;
    private bool _disposed;

    private EmbeddedPostgres(
        EmbeddedPostgresSettings settings,
        ServerAccount account,
        PostgresBinaries binaries,
        Cluster cluster,
        DirectoryLock directoryLock,
        TimeProvider time)
    {
        _settings = settings;
        _account = account;
        _binaries = binaries;
        _cluster = cluster;
        _lock = directoryLock;
        _time = time;
    }

    /// <summary>How clients reach it: the private socket, or a loopback port and a random password.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = _cluster.Port is null ? _cluster.Folder : "127.0.0.1",
        Port = _cluster.Port ?? 5432,
        Username = Cluster.Role,
        Password = _cluster.Port is null ? null : _cluster.Password,
        Database = DatabaseName,
    }.ConnectionString;

    /// <summary>Where its data is. Not always below the folder that was asked for: see the warning in the log.</summary>
    public string DataDirectory => _cluster.Folder;

    public int MajorVersion => _binaries.MajorVersion;

    /// <summary>The postmaster. Its sessions are children of it, and outlive it when it is killed.</summary>
    public int ProcessId { get; private set; }

    internal int? LifelineProcessId => _lifeline?.ProcessId;

    /// <exception cref="StartupException">It cannot start; the message says why, and what to do.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresSettings settings,
        ILogger logger,
        CancellationToken cancellationToken,
        TimeProvider? timeProvider = null)
    {
        TimeProvider time = timeProvider ?? TimeProvider.System;
        ServerAccount account = await ServerAccount.ChooseAsync(cancellationToken);
        string asked = Path.GetFullPath(settings.Directory);
        string directory = await account.ReachableAsync(asked, cancellationToken);
        if (directory != asked)
        {
            Log.DataElsewhere(logger, asked, account.Name, directory);
        }

        var directoryLock = DirectoryLock.Take(directory);
        EmbeddedPostgres? server = null;
        try
        {
            string folder = Path.Combine(directory, "postgres");
            PostgresBinaries binaries = await PostgresBinaries.FindAsync(
                settings.Binaries, Cluster.MajorVersion(folder), account, cancellationToken);
            await StopLeftoverAsync(folder, settings, binaries, account, logger, time, cancellationToken);
            Cluster cluster = await Cluster.PrepareAsync(folder, settings, binaries, account, cancellationToken);
            server = new EmbeddedPostgres(settings, account, binaries, cluster, directoryLock, time);
            await server.StartServerAsync(cancellationToken);
            await server.CreateDatabaseAsync(cancellationToken);
            Log.Started(logger, binaries.MajorVersion, binaries.Folder, folder, server.ProcessId);
            return server;
        }
        catch
        {
            await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
            directoryLock.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Starts the server again when it is gone: killed, or out of memory. PostgreSQL recovers by itself from everything but
    /// the death of its first process. Does nothing while it runs.
    /// </summary>
    public async Task EnsureRunningAsync(CancellationToken cancellationToken)
    {
        if (!await Postmaster.OwnsAsync(ProcessId, _cluster.Folder, cancellationToken))
        {
            _lifeline?.Dispose();
            File.Delete(Postmaster.PidFile(_cluster.Folder));
            await StartServerAsync(cancellationToken);
        }
    }

    /// <summary>Ends its sessions, writes a checkpoint and stops. A throw-away server's folder is deleted.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (await Postmaster.OwnsAsync(ProcessId, _cluster.Folder, CancellationToken.None))
        {
            string mode = _settings.Durable ? "fast" : "immediate";
            await StopAsync(_cluster.Folder, mode, _settings, _binaries, _account, CancellationToken.None);
        }

        _lifeline?.Dispose();
        _lock.Dispose();
        if (!_settings.Durable)
        {
            Directory.Delete(Path.GetDirectoryName(_cluster.Folder)!, recursive: true);
        }
    }

    /// <summary>Lets go of the server as a killed process does, so that tests can see what becomes of it.</summary>
    internal void Abandon()
    {
        _disposed = true;
        _lifeline?.Dispose();
        _lock.Dispose();
    }

    private static async Task StopLeftoverAsync(
        string folder,
        EmbeddedPostgresSettings settings,
        PostgresBinaries binaries,
        ServerAccount account,
        ILogger logger,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (Postmaster.ReadProcessId(folder) is not { } processId)
        {
            return;
        }

        if (await Postmaster.OwnsAsync(processId, folder, cancellationToken))
        {
            Log.StoppingLeftover(logger, processId, folder);
            CommandResult stop = await StopAsync(folder, "fast", settings, binaries, account, cancellationToken);

            // pg_ctl waits for the pid file to go, which is a moment before the process does.
            for (long asked = time.GetTimestamp(); await Postmaster.OwnsAsync(processId, folder, cancellationToken);)
            {
                if (time.GetElapsedTime(asked) > settings.StopTimeout)
                {
                    throw new StartupException(
                        $"An earlier run left its PostgreSQL running (process {processId}), and it does not stop: {stop.Output}");
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
        }

        // The number is nobody's, or somebody else's: PostgreSQL would take that process for a running server and refuse.
        File.Delete(Postmaster.PidFile(folder));
    }

    private static Task<CommandResult> StopAsync(
        string folder,
        string mode,
        EmbeddedPostgresSettings settings,
        PostgresBinaries binaries,
        ServerAccount account,
        CancellationToken cancellationToken) =>
        ServerCommand.RunAsync(
            binaries.PgCtl,
            ["stop", "-D", folder, "-s", "-w", "-m", mode, "-t", $"{settings.StopTimeout.TotalSeconds:F0}"],
            cancellationToken,
            account.Name);

    private async Task StartServerAsync(CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        while (true)
        {
            CommandResult start = await ServerCommand.RunAsync(
                _binaries.PgCtl,
                [
                    "start", "-D", _cluster.Folder, "-l", _cluster.Log, "-s", "-w",
                    "-t", $"{_settings.StartTimeout.TotalSeconds:F0}",
                ],
                cancellationToken,
                _account.Name,
                captureOutput: !OperatingSystem.IsWindows()); // there the server would inherit the pipe and keep it open
            if (start.Succeeded && Postmaster.ReadProcessId(_cluster.Folder) is { } processId)
            {
                ProcessId = processId;
                _lifeline = Lifeline.Tie(processId, _cluster.Folder, _account);
                return;
            }

            string log = File.Exists(_cluster.Log)
                ? await File.ReadAllTextAsync(_cluster.Log, cancellationToken)
                : string.Empty;

            // The sessions of a killed server end one by one, and until then keep its memory: wait for them.
            bool sessionsRemain = log.Contains("still in use", StringComparison.Ordinal);
            if (!sessionsRemain || _time.GetElapsedTime(started) > _settings.StartTimeout)
            {
                throw new StartupException(
                    $"PostgreSQL did not start in {_cluster.Folder}. {start.Output}\nIts log says:\n{log}");
            }

            File.Delete(_cluster.Log);
            await Task.Delay(Pause, _time, cancellationToken);
        }
    }

    private async Task CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var maintenance = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "postgres", Pooling = false };
        await using var connection = new NpgsqlConnection(maintenance.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using NpgsqlCommand exists = connection.CreateCommand();
        exists.CommandText = $"SELECT count(*) FROM pg_database WHERE datname = '{DatabaseName}'";
        if (await exists.ExecuteScalarAsync(cancellationToken) is 0L)
        {
            await using NpgsqlCommand create = connection.CreateCommand();
            create.CommandText = $"CREATE DATABASE {DatabaseName}";
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Private PostgreSQL {Version} from {Programs} runs with its data in {Folder} (process {ProcessId})")]
        public static partial void Started(ILogger logger, int version, string programs, string folder, int processId);

        [LoggerMessage(LogLevel.Warning, "An earlier run left its PostgreSQL running (process {ProcessId}, data in {Folder}): stopping it")]
        public static partial void StoppingLeftover(ILogger logger, int processId, string folder);

        [LoggerMessage(LogLevel.Warning, "{Asked} is closed to the user {Account} that PostgreSQL runs as; its data is in {Folder}")]
        public static partial void DataElsewhere(ILogger logger, string asked, string? account, string folder);
    }
}
