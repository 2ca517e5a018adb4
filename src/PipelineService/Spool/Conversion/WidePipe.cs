using System.Runtime.InteropServices;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// More room in the pipe that rows go through than the 64 KiB of Linux: two processes that take turns at each of them change places 1,700
/// times for a million rows.
/// </summary>
internal static partial class WidePipe
{
    /// <summary>What Linux gives to anybody (<c>/proc/sys/fs/pipe-max-size</c>).</summary>
    private const int Bytes = 1 << 20;

    private const int StandardOutput = 1;
    private const int SetPipeSize = 1031;

    /// <summary>Widens standard output, where it is a pipe of Linux; elsewhere it stays what it is.</summary>
    public static void Widen()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Control(StandardOutput, SetPipeSize, Bytes);
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int file, int command, int value);
}
