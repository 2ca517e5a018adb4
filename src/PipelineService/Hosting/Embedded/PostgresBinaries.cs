using System.Globalization;
using System.Text.RegularExpressions;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Embedded;

/// <summary>An installation of PostgreSQL's server: the folder of its programs, and its major version.</summary>
internal sealed partial record PostgresBinaries(string Folder, int MajorVersion)
{
    private static readonly string[] Needed = ["postgres", "initdb", "pg_ctl"];

    private static readonly string Suffix = OperatingSystem.IsWindows() ? ".exe" : string.Empty;

    public string InitDb => Program(Folder, "initdb");

    public string PgCtl => Program(Folder, "pg_ctl");

    /// <summary>
    /// Finds an installation: the configured folder only, when there is one; else PATH, the folders in which packages
    /// install, and at last a download (<see cref="PostgresPackage"/>).
    /// </summary>
    /// <param name="configured">Hosting:PostgresBinaries.</param>
    /// <param name="majorVersion">
    /// The version that made the data, which is the only one that can read it; null for new data.
    /// </param>
    /// <param name="account">Who will run the programs.</param>
    /// <param name="logger">Is told of a download, before it begins and when it has ended.</param>
    /// <param name="time">Bounds a download.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="StartupException">There is none; the message names the ways out.</exception>
    public static async Task<PostgresBinaries> FindAsync(
        string? configured,
        int? majorVersion,
        ServerAccount account,
        ILogger logger,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var versions = new List<string>();
        foreach (string folder in configured is null ? UsualFolders() : [Path.GetFullPath(configured)])
        {
            if (await InspectAsync(folder, cancellationToken) is { } found)
            {
                if (majorVersion is null || majorVersion == found.MajorVersion)
                {
                    return found;
                }

                versions.Add($"{found.MajorVersion} in {found.Folder}");
            }
        }

        if (configured is not null && versions.Count == 0)
        {
            throw new StartupException(
                $"Hosting:PostgresBinaries is {configured}, but postgres, initdb and pg_ctl are not all in that folder.");
        }

        if (configured is null && majorVersion is null or PostgresPackage.MajorVersion
            && await PostgresPackage.InstallAsync(account, logger, time, cancellationToken) is { } downloaded)
        {
            return new PostgresBinaries(downloaded, PostgresPackage.MajorVersion);
        }

        throw new StartupException(majorVersion is null ? NoneFound : WrongVersion(majorVersion.Value, versions));
    }

    /// <summary>The ways out of having no server.</summary>
    internal static string NoneFound =>
        $"""
        No database is configured, and no PostgreSQL server was found on this machine to start a private one. Either
          - install it: {(OperatingSystem.IsMacOS() ? "brew install postgresql@17" : "apt-get install postgresql")}, or name its folder: Hosting__PostgresBinaries=/path/to/bin
          - run service and database as containers: docker compose up
          - use a database that you have: ConnectionStrings__Pipeline="Host=...;Username=...;Password=...;Database=..."
        """;

    private static string WrongVersion(int needed, List<string> found) =>
        $"The data was written by PostgreSQL {needed}, which no other major version can read. "
        + (found.Count == 0 ? "No server was found" : "Found: " + string.Join(", ", found))
        + $". Install PostgreSQL {needed} or name its folder (Hosting__PostgresBinaries); to start afresh, remove the data folder.";

    private static async Task<PostgresBinaries?> InspectAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Needed.All(name => File.Exists(Program(folder, name))))
        {
            return null;
        }

        CommandResult version = await ServerCommand.RunAsync(Program(folder, "postgres"), ["--version"], cancellationToken);
        Match major = MajorVersionPattern().Match(version.Output);
        return major.Success
            ? new PostgresBinaries(folder, int.Parse(major.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
            : null;
    }

    private static IEnumerable<string> UsualFolders()
    {
        // On PATH there is often only a link to postgres; initdb and pg_ctl stand beside what it points at.
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            var postgres = new FileInfo(Program(folder, "postgres"));
            if (folder.Length > 0 && postgres.Exists)
            {
                yield return (postgres.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? postgres).DirectoryName!;
            }
        }

        IEnumerable<string> packages =
        [
            .. Versions("/usr/lib/postgresql", "*", "bin"),
            .. Versions("/usr", "pgsql-*", "bin"),
            "/usr/local/pgsql/bin",
            .. Versions("/opt/homebrew/opt", "postgresql*", "bin"),
            .. Versions("/usr/local/opt", "postgresql*", "bin"),
            .. Versions("/Applications/Postgres.app/Contents/Versions", "*", "bin"),
            .. Versions(Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "PostgreSQL"), "*", "bin"),
        ];
        foreach (string folder in packages)
        {
            yield return folder;
        }
    }

    /// <summary>Newest first, by number: 9 comes after 15.</summary>
    private static IEnumerable<string> Versions(string parent, string pattern, string child) =>
        Directory.Exists(parent)
            ? Directory.EnumerateDirectories(parent, pattern)
                .OrderByDescending(path => double.TryParse(
                    DigitsPattern().Match(Path.GetFileName(path)).ValueSpan,
                    CultureInfo.InvariantCulture,
                    out double version) ? version : 0)
                .Select(path => Path.Combine(path, child))
            : [];

    private static string Program(string folder, string name) => Path.Combine(folder, name + Suffix);

    [GeneratedRegex(@"\(PostgreSQL\) (\d+)")]
    private static partial Regex MajorVersionPattern();

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex DigitsPattern();
}
