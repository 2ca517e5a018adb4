using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// The data folder of a private server: made once by initdb, configured anew at every start, so that a setting that we
/// change reaches clusters that exist.
/// </summary>
internal sealed class Cluster
{
    /// <summary>Whose server it is: for what the service has no rights to. The name that operators look for.</summary>
    public const string Superuser = "postgres";

    /// <summary>sockaddr_un holds 108 bytes on Linux and 104 on macOS; the name in the folder takes some of them.</summary>
    private const int SocketFolderBytesMax = 80;

    private Cluster(string folder, string password, int? port)
    {
        Folder = folder;
        Password = password;
        Port = port;
    }

    public string Folder { get; }

    public string Password { get; }

    /// <summary>The loopback port, or null when clients come through the socket in <see cref="Folder"/>.</summary>
    public int? Port { get; }

    public string Log => Path.Combine(Folder, "server.log");

    /// <summary>The version that made the data in this folder, or null when there is none yet.</summary>
    public static int? MajorVersion(string folder)
    {
        string file = Path.Combine(folder, "PG_VERSION");
        return File.Exists(file) ? int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) : null;
    }

    /// <exception cref="StartupException">initdb failed; the message holds what it said.</exception>
    public static async Task<Cluster> PrepareAsync(
        string folder,
        EmbeddedPostgresSettings settings,
        PostgresBinaries binaries,
        ServerAccount account,
        CancellationToken cancellationToken)
    {
        if (MajorVersion(folder) is null)
        {
            await InitializeAsync(folder, settings, binaries, account, cancellationToken);
        }

        bool socket = !OperatingSystem.IsWindows() && Encoding.UTF8.GetByteCount(folder) <= SocketFolderBytesMax;
        string password = await File.ReadAllTextAsync(PasswordFile(folder), cancellationToken);
        var cluster = new Cluster(folder, password, socket ? null : FreePort());
        await File.WriteAllTextAsync(
            Path.Combine(folder, "postgresql.conf"), cluster.Configuration(settings), cancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "pg_hba.conf"), cluster.ClientAuthentication(), cancellationToken);
        File.Delete(cluster.Log);
        return cluster;
    }

    private static string PasswordFile(string folder) => folder + ".password";

    /// <summary>In a folder beside, renamed at the end: an initdb that was killed half-way leaves no half cluster.</summary>
    private static async Task InitializeAsync(
        string folder,
        EmbeddedPostgresSettings settings,
        PostgresBinaries binaries,
        ServerAccount account,
        CancellationToken cancellationToken)
    {
        string work = folder + ".new";
        if (Directory.Exists(work))
        {
            Directory.Delete(work, recursive: true);
        }

        Directory.CreateDirectory(work);
        await account.OwnAsync(work, cancellationToken);

        string passwordFile = PasswordFile(folder);
        await File.WriteAllTextAsync(
            passwordFile, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)), cancellationToken);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(passwordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await account.OwnAsync(passwordFile, cancellationToken);
        using (SafeFileHandle written = File.OpenHandle(passwordFile, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.FlushToDisk(written);
        }

        // Sorting by bytes needs no library of the system, whose next version might sort differently and break indexes.
        string[] locale = binaries.MajorVersion >= 17
            ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            : ["--locale=C"];
        CommandResult initdb = await ServerCommand.RunAsync(
            binaries.InitDb,
            [
                "--pgdata", work, "--username", Superuser, "--pwfile", passwordFile, "--auth=scram-sha-256", "--encoding=UTF8",
                .. locale, .. settings.Durable ? Array.Empty<string>() : ["--no-sync"],
            ],
            cancellationToken,
            account.Name);
        initdb.ThrowIfInterrupted();
        if (!initdb.Succeeded)
        {
            throw new StartupException($"PostgreSQL's initdb failed in {work}:\n{initdb.Output}");
        }

        // A name that a power cut took back would be found missing at the next start, and its place taken by a new cluster.
        Directory.Move(work, folder);
        DirectorySync.Flush(Path.GetDirectoryName(folder)!);
    }

    private string Configuration(EmbeddedPostgresSettings settings)
    {
        var values = new Dictionary<string, string>
        {
            ["listen_addresses"] = Port is null ? "" : "127.0.0.1",
            ["port"] = (Port ?? 5432).ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = Port is null ? Folder : "",
            ["max_connections"] = (settings.ConnectionsMax + 10).ToString(CultureInfo.InvariantCulture),
            ["shared_buffers"] = "128MB",

            // Loading is one long burst of WAL: room for it between checkpoints, and none of what only replicas read.
            ["max_wal_size"] = "4GB",
            ["wal_level"] = "minimal",
            ["max_wal_senders"] = "0",
            ["checkpoint_timeout"] = "15min",

            // The log is for starts, stops and crashes. Refused statements would fill it, and with people's data.
            ["log_min_messages"] = "log",
            ["log_error_verbosity"] = "terse",
            ["log_checkpoints"] = "off",
            ["log_autovacuum_min_duration"] = "-1",
            ["lc_messages"] = "C",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
        };
        if (!settings.Durable)
        {
            values["fsync"] = "off";
            values["synchronous_commit"] = "off";
            values["full_page_writes"] = "off";
        }

        foreach ((string name, string value) in settings.ServerSettings)
        {
            values[name] = value;
        }

        var text = new StringBuilder("# Written by PipelineService at every start; changes here are lost.\n");
        foreach ((string name, string value) in values)
        {
            string quoted = value.Replace("'", "''", StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture, $"{name} = '{quoted}'\n");
        }

        return text.ToString();
    }

    /// <summary>The socket needs no password: it lies in the data folder, which only its owner and root may enter.</summary>
    private string ClientAuthentication() => Port is null
        ? "local all all trust\n"
        : "host all all 127.0.0.1/32 scram-sha-256\n";

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
