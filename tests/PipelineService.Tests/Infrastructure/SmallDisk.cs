using System.Globalization;
using PipelineService.Hosting.Embedded;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// A disk of a megabyte that can really be full, or be made read-only: a tmpfs of its own. Needs Linux and root; tests are
/// skipped where it cannot be mounted.
/// </summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    public const int Bytes = 1 << 20;

    private const string Prefix = "pipeline-disk-";
    private const int Inodes = 64;
    private static readonly TimeSpan ReleaseAgeMax = TimeSpan.FromSeconds(10);

    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    public static async Task<SmallDisk> MountAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "a full disk needs Linux and root, to mount it");
        await SweepAsync();
        SmallDisk disk = new(Directory.CreateTempSubdirectory(
            string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-")).FullName);
        try
        {
            await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Bytes},nr_inodes={Inodes}", "tmpfs", disk.Path);
            return disk;
        }
        catch (IOException e)
        {
            await disk.DisposeAsync();
            Assert.Skip($"a full disk needs a machine that may mount: {e.Message}");
            throw;
        }
    }

    /// <summary>Another program takes all the room that is left, to the last byte.</summary>
    public void Fill()
    {
        using FileStream ballast = new(Ballast, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (byte[] page = new byte[4096]; page.Length > 0;)
        {
            try
            {
                ballast.Write(page);
            }
            catch (IOException)
            {
                page = [];
            }
        }

        Assert.Equal(0, new DriveInfo(Path).AvailableFreeSpace);
    }

    /// <summary>Another program makes so many files that no other can be made, though there is room.</summary>
    public void FillWithNames()
    {
        Directory.CreateDirectory(Ballast);
        for (int i = 0; i < Inodes; i++)
        {
            try
            {
                File.Create(System.IO.Path.Combine(Ballast, i.ToString(CultureInfo.InvariantCulture))).Dispose();
            }
            catch (IOException)
            {
                return;
            }
        }

        Assert.Fail("The disk takes more names than it was made for.");
    }

    public void MakeRoom()
    {
        if (Directory.Exists(Ballast))
        {
            Directory.Delete(Ballast, recursive: true);
        }

        File.Delete(Ballast);
    }

    /// <summary>From here on its path is read-only, as after an error of the disk. Files that are open stay as they were.</summary>
    public async Task MakeReadOnlyAsync()
    {
        await RunAsync("mount", "--bind", Path, Path);
        await RunAsync("mount", "-o", "remount,bind,ro", Path);
    }

    public Task MakeWritableAsync() => RunAsync("umount", Path);

    public async ValueTask DisposeAsync() => await RemoveAsync(Path);

    /// <summary>Disks of test runs that were killed before they could remove them.</summary>
    private static async Task SweepAsync()
    {
        foreach (string path in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            string owner = System.IO.Path.GetFileName(path)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out int processId)
                && !Postmaster.IsAlive(processId))
            {
                await RemoveAsync(path);
            }
        }
    }

    /// <summary>At last it is unmounted when its last file is closed.</summary>
    private static async Task RemoveAsync(string path)
    {
        for (long started = TimeProvider.System.GetTimestamp(); IsMounted(path);)
        {
            bool isLate = TimeProvider.System.GetElapsedTime(started) > ReleaseAgeMax;
            await ServerCommand.RunAsync("umount", isLate ? ["--lazy", path] : [path], CancellationToken.None);
        }

        TemporaryFolder.Delete(path);
    }

    private static bool IsMounted(string path) =>
        File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ')[1] == path);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        CommandResult result = await ServerCommand.RunAsync(program, arguments, CancellationToken.None);
        if (!result.Succeeded)
        {
            throw new IOException($"{program} {string.Join(' ', arguments)}: {result.Output}");
        }
    }
}
