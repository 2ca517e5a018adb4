using System.Globalization;
using PipelineService.Hosting.Embedded;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A disk whose power can be cut while programs write to it: an ext4 filesystem in an image file, mounted through a loop
/// device, the image on a btrfs filesystem that can copy it in an instant. What programs have written and not flushed is in
/// the cache of the mounted ext4, not in the image, so the copy is the disk as a power cut leaves it.
/// </summary>
/// <remarks>
/// The loop device has no volatile cache of its own: what the kernel has sent to it, flushed or not, is in the copy. A disk
/// that loses what it was sent but not told to flush is not shown.
/// </remarks>
internal sealed class CuttableDisk : IAsyncDisposable
{
    private const string Prefix = "pipeline-power-";
    private const long StoreBytes = 12L << 30;
    private const long DiskBytes = 2L << 30;
    private static readonly string[] Programs = ["mkfs.btrfs", "mkfs.ext4", "mount", "umount", "cp"];
    private static readonly TimeSpan ReleaseAgeMax = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly string _folder;
    private int _copies;

    private CuttableDisk(string folder) => _folder = folder;

    /// <summary>Where it is mounted; the same before and after a cut.</summary>
    public string Path => System.IO.Path.Combine(_folder, "disk");

    private string Store => System.IO.Path.Combine(_folder, "store");

    private string StoreImage => System.IO.Path.Combine(_folder, "store.img");

    /// <summary>What this machine lacks for it, in words; null when nothing is known to be missing.</summary>
    public static string? Missing()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "power cuts need Linux and root, to mount the disk that is cut off";
        }

        string[] programs = [.. Programs.Where(name => Find(name) is null)];
        return programs.Length > 0 ? $"power cuts need {string.Join(", ", programs)} (packages btrfs-progs, e2fsprogs, mount)"
            : !File.Exists("/dev/loop-control") ? "power cuts need loop devices (/dev/loop-control)"
            : null;
    }

    /// <exception cref="DiskUnavailableException">The machine has the programs, and does not let us mount.</exception>
    public static async Task<CuttableDisk> CreateAsync(CancellationToken cancellationToken)
    {
        await SweepAsync();
        CuttableDisk disk = new(System.IO.Path.Combine(
            System.IO.Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}")));
        try
        {
            Directory.CreateDirectory(disk.Store);
            Directory.CreateDirectory(disk.Path);
            await MakeAsync(disk.StoreImage, StoreBytes, "mkfs.btrfs", ["-q", "-f"], cancellationToken);
            await RunAsync("mount", ["-o", "loop,noatime", disk.StoreImage, disk.Store], cancellationToken);
            await MakeAsync(disk.Image(0), DiskBytes, "mkfs.ext4", ["-q", "-F"], cancellationToken);
            await disk.MountAsync(cancellationToken);
            return disk;
        }
        catch (Exception fault)
        {
            await disk.DisposeAsync();
            throw fault is IOException ? new DiskUnavailableException(fault.Message, fault) : fault;
        }
    }

    /// <summary>Flushes all that was written, whether its program has flushed it or not.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => RunAsync("sync", ["-f", Path], cancellationToken);

    /// <summary>The instant of the cut: keeps what the disk holds now. Programs go on writing until they are killed.</summary>
    public Task CutAsync(CancellationToken cancellationToken) =>
        RunAsync("cp", ["--reflink=always", Image(_copies), Image(_copies + 1)], cancellationToken);

    /// <summary>The power is back: what was kept takes the place of the disk. All programs on the old one must have ended.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        await UnmountAsync(Path);
        File.Delete(Image(_copies));
        _copies++;
        await MountAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync() => await RemoveAsync(_folder);

    private string Image(int copy) => System.IO.Path.Combine(Store, string.Create(CultureInfo.InvariantCulture, $"disk-{copy}.img"));

    private Task MountAsync(CancellationToken cancellationToken) =>
        RunAsync("mount", ["-o", "loop", Image(_copies), Path], cancellationToken);

    private static async Task MakeAsync(
        string image, long bytes, string program, string[] options, CancellationToken cancellationToken)
    {
        await using (FileStream file = new(image, FileMode.CreateNew))
        {
            file.SetLength(bytes); // sparse
        }

        await RunAsync(program, [.. options, image], cancellationToken);
    }

    /// <summary>Disks of test runs that were killed before they could remove them.</summary>
    private static async Task SweepAsync()
    {
        foreach (string folder in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            string owner = System.IO.Path.GetFileName(folder)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out int processId)
                && !Postmaster.IsAlive(processId))
            {
                await RemoveAsync(folder);
            }
        }
    }

    /// <summary>The loop devices go with their mounts.</summary>
    private static async Task RemoveAsync(string folder)
    {
        await UnmountAsync(System.IO.Path.Combine(folder, "disk"));
        await UnmountAsync(System.IO.Path.Combine(folder, "store"));
        TemporaryFolder.Delete(folder);
    }

    /// <summary>A killed program's files are closed a moment after its end. At last it is unmounted when they are.</summary>
    private static async Task UnmountAsync(string path)
    {
        for (long started = TimeProvider.System.GetTimestamp(); IsMounted(path);)
        {
            bool isLate = TimeProvider.System.GetElapsedTime(started) > ReleaseAgeMax;
            CommandResult unmount = await ServerCommand.RunAsync(
                "umount", isLate ? ["--lazy", path] : [path], CancellationToken.None);
            if (!unmount.Succeeded)
            {
                await Task.Delay(Poll, TimeProvider.System, CancellationToken.None);
            }
        }
    }

    private static bool IsMounted(string path) =>
        File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ')[1] == path);

    /// <exception cref="IOException">It failed; the message is what it said.</exception>
    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        CommandResult result = await ServerCommand.RunAsync(Find(program) ?? program, arguments, cancellationToken);
        if (!result.Succeeded)
        {
            throw new IOException($"{program} {string.Join(' ', arguments)}: {result.Output}");
        }
    }

    private static string? Find(string program) => $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':')
        .Select(folder => System.IO.Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}

/// <summary>This machine cannot mount a disk of ours, as most containers cannot.</summary>
internal sealed class DiskUnavailableException(string message, Exception innerException) : Exception(message, innerException);
