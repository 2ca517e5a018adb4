using System.Runtime.InteropServices;

namespace PipelineService.Spool.Local;

/// <summary>Further names of a file, each as good as the first. .NET has no call for them; here they are Linux's.</summary>
internal static partial class HardLink
{
    private const int CurrentDirectory = -100;
    private const uint LinksWanted = 0x4;
    private const int StatusBytes = 256;
    private const int LinksOffset = 16;

    /// <summary>EPERM, EXDEV, EMLINK, ENOSYS and EOPNOTSUPP: the file or its disk takes no further name.</summary>
    private static readonly int[] Unable = [1, 18, 31, 38, 95];

    /// <summary>Gives a file another name.</summary>
    /// <returns>False where files have one name only, or this one has as many as there may be.</returns>
    /// <exception cref="IOException">It cannot be given: the name is taken, or the disk fails.</exception>
    public static bool TryCreate(string path, string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        if (Link(path, name) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return Unable.Contains(error) ? false : throw new IOException(
            $"{path} cannot be named {name}, too: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).", error);
    }

    /// <summary>How many names a file has: at least one, also where it is gone.</summary>
    public static int Count(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return 1;
        }

        Span<byte> status = stackalloc byte[StatusBytes];
        return Status(CurrentDirectory, path, 0, LinksWanted, status) == 0
            ? Math.Max(1, (int)MemoryMarshal.Read<uint>(status[LinksOffset..]))
            : 1;
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Link(string path, string name);

    /// <summary><c>statx(2)</c>: its answer is laid out the same on every processor.</summary>
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Status(int directory, string path, int flags, uint mask, Span<byte> status);
}
