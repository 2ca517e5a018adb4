using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PipelineService.Hosting;

/// <summary>
/// Flushes a directory, so that a rename or a new name in it survives a power cut. .NET has no call for it: on Unix a
/// directory is opened and fsync'd; on Windows NTFS journals names by itself.
/// </summary>
internal static partial class DirectorySync
{
    private const int ReadOnly = 0;

    /// <summary>Makes a directory, and those above it, so that they survive a power cut. Does nothing when it is there.</summary>
    public static void Create(string directory)
    {
        string? parent = Path.GetDirectoryName(directory);
        if (Directory.Exists(directory) || parent is null)
        {
            return;
        }

        Create(parent);
        Directory.CreateDirectory(directory);
        Flush(parent);
    }

    /// <exception cref="IOException">It cannot be opened or flushed.</exception>
    public static void Flush(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Open(directory, ReadOnly);
        if (descriptor < 0)
        {
            throw Fault($"Cannot open the directory {directory} to flush it");
        }

        using SafeFileHandle handle = new(descriptor, ownsHandle: true);
        if (FSync(handle) != 0)
        {
            throw Fault($"Cannot flush the directory {directory}");
        }
    }

    /// <summary>With the error's number where .NET puts it, so that a full disk is known as one.</summary>
    private static IOException Fault(string what)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FSync(SafeFileHandle handle);
}
