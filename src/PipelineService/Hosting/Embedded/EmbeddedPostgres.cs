using Npgsql;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// A private PostgreSQL, for running the service without setting up a database, and for tests. It starts in steps:
/// 1. lock the folder, 2. find the programs, 3. stop what an earlier run left, 4. make and configure the data folder,
/// 5. start the server and tie its life to ours, 6. make the service's role and database.
/// </summary>
public sealed partial class EmbeddedPostgres : IAsyncDisposable
{
    private const string DataFolder = "postgres";

    private readonly EmbeddedPostgresSettings _settings;
    private readonly ServerAccount _account;
    private readonly Cluster _cluster;
    private readonly PgCtl _control;
    private readonly DirectoryLock _lock;
    private Lifeline? _lifeline;
    private bool _disposed;

    private EmbeddedPostgres(
        EmbeddedPostgresSettings settings,
        ServerAccount account,
        Cluster cluster,
        PgCtl control,
        DirectoryLock directoryLock)
    {
        _settings = settings;
        _account = account;
        _cluster = cluster;
        _control = control;
        _lock = directoryLock;
    }

    /// <summary>How clients reach it: the private socket, or a loopback port and a random password.</summary>
    public string ConnectionString => ConnectionOf(ClusterContents.Role, ClusterContents.Database);

    /// <summary>The same for whom the server belongs to, who may do everything: not for the service.</summary>
    public string SuperuserConnectionString => ConnectionOf(Cluster.Superuser, ClusterContents.Database);

    /// <summary>Where its data is. Not always below the folder that was asked for: see the warning in the log.</summary>
    public string DataDirectory => _cluster.Folder;

    public int MajorVersion => Cluster.MajorVersion(_cluster.Folder)!.Value;

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
        (string directory, DirectoryLock directoryLock) = await TakeFolderAsync(asked, account, cancellationToken);
        if (directory != asked)
        {
            Log.DataElsewhere(logger, asked, account.Name, directory);
            Link(Path.Combine(asked, DataFolder), Path.Combine(directory, DataFolder));
        }

        EmbeddedPostgres? server = null;
        try
        {
            string folder = Path.Combine(directory, DataFolder);
            PostgresBinaries binaries = await PostgresBinaries.FindAsync(
                settings.Binaries, Cluster.MajorVersion(folder), account, logger, time, cancellationToken);
            var control = new PgCtl(settings, binaries, account, time);
            await StopLeftoverAsync(folder, control, logger, cancellationToken);
            Cluster cluster = await Cluster.PrepareAsync(folder, settings, binaries, account, cancellationToken);
            server = new EmbeddedPostgres(settings, account, cluster, control, directoryLock);
            await server.StartServerAsync(cancellationToken);
            ClusterContents contents = new(cluster, role => server.ConnectionOf(role, "postgres"), logger);
            await contents.EnsureAsync(cancellationToken);
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
            _lifeline = null;
            Postmaster.RemoveTraces(_cluster.Folder);
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
        string mode = _settings.Durable ? "fast" : "immediate";

        // By the pid file rather than by what we know: a start that was cancelled half-way may have left a server.
        int processId = Postmaster.ReadProcessId(_cluster.Folder) ?? ProcessId;
        await _control.StopAsync(_cluster.Folder, processId, mode, CancellationToken.None);
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

    private static async Task<(string Directory, DirectoryLock Lock)> TakeFolderAsync(
        string asked, ServerAccount account, CancellationToken cancellationToken)
    {
        try
        {
            string directory = await account.ReachableAsync(asked, cancellationToken);
            return (directory, DirectoryLock.Take(directory));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(
                $"Hosting:DataDirectory is {asked}, and {Environment.UserName} cannot use it: {fault.Message} Let that user write "
                + "there, or set Hosting:DataDirectory to a folder on a disk that outlives the process.",
                fault);
        }
    }

    /// <summary>Where the data was asked to be, so that clients find the socket there.</summary>
    private static void Link(string path, string target)
    {
        var link = new FileInfo(path);
        if (link.LinkTarget is null && !Path.Exists(path))
        {
            File.CreateSymbolicLink(path, target);
        }
    }

    private static async Task StopLeftoverAsync(
        string folder, PgCtl control, ILogger logger, CancellationToken cancellationToken)
    {
        if (Postmaster.ReadProcessId(folder) is { } processId)
        {
            Log.StoppingLeftover(logger, processId, folder);
            await control.StopAsync(folder, processId, "fast", cancellationToken);
        }

        // Also a pid file without a number, which a power cut leaves and PostgreSQL would not start over. We hold the folder.
        if (Directory.Exists(folder))
        {
            Postmaster.RemoveTraces(folder);
        }
    }

    private async Task StartServerAsync(CancellationToken cancellationToken)
    {
        ProcessId = await _control.StartAsync(_cluster, cancellationToken);
        _lifeline = Lifeline.Tie(ProcessId, _cluster.Folder, _account);
    }

    private string ConnectionOf(string role, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = _cluster.Port is null ? _cluster.Folder : "127.0.0.1",
        Port = _cluster.Port ?? 5432,
        Username = role,
        Password = _cluster.Port is null ? null : _cluster.Password,
        Database = database,
    }.ConnectionString;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information,
            "Private PostgreSQL {Version} from {Programs} runs with its data in {Folder} (process {ProcessId})")]
        public static partial void Started(ILogger logger, int version, string programs, string folder, int processId);

        [LoggerMessage(LogLevel.Warning,
            "An earlier run did not stop its PostgreSQL (process {ProcessId}, data in {Folder}): stopping it if it still runs")]
        public static partial void StoppingLeftover(ILogger logger, int processId, string folder);

        [LoggerMessage(LogLevel.Warning,
            "{Asked} is closed to the user {Account} that PostgreSQL runs as; its data is in {Folder}")]
        public static partial void DataElsewhere(ILogger logger, string asked, string? account, string folder);
    }
}
