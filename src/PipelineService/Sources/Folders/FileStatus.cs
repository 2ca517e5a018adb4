using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PipelineService.Sources.Folders;

/// <summary>
/// Opens files that strangers may have put there: never waits for the other end of a pipe, and tells what was opened and where it is from
/// what is open, not from its name, which may have come to mean another in between. .NET has no calls for that; here they are Linux's,
/// elsewhere the name is looked at before.
/// </summary>
internal static partial class FileStatus
{
    private const int ReadNonBlockingCloseOnExec = 0x800 | 0x80000;
    private const int EmptyPath = 0x1000;
    private const uint BasicWanted = 0x7ff;
    private const int StatusBytes = 256;
    private const int ModeOffset = 28;
    private const int SizeOffset = 40;
    private const int TimeOffset = 112;
    private const int KindMask = 0xF000;
    private const int RegularKind = 0x8000;
    private const int NotThere = 2;

    /// <summary>The state of a file, by which it is known again.</summary>
    public static string VersionOf(long bytes, DateTime modifiedUtc) => string.Create(
        CultureInfo.InvariantCulture, $"{bytes}-{modifiedUtc:yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'}");

    /// <summary>The state of what has this name, as a listing sees it; null where there is none.</summary>
    public static string? VersionOf(string path)
    {
        FileInfo file = new(path);
        return file.Exists ? VersionOf(file.Length, file.LastWriteTimeUtc) : null;
    }

    /// <summary>Opens a file, or a folder, to read.</summary>
    /// <returns>Null when there is none of this name.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle? TryOpen(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return File.Exists(path) && new FileInfo(path).LinkTarget is null
                ? File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete)
                : null;
        }

        int descriptor = Open(path, ReadNonBlockingCloseOnExec);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        int error = Marshal.GetLastPInvokeError();
        return error == NotThere
            ? null
            : throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} (errno {error})", error);
    }

    /// <summary>The state of a file that is open; null when it is no plain file.</summary>
    public static string? VersionOf(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return VersionOf(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
        }

        Span<byte> status = stackalloc byte[StatusBytes];
        if (Status(file, "", EmptyPath, BasicWanted, status) != 0)
        {
            throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        }

        if ((MemoryMarshal.Read<ushort>(status[ModeOffset..]) & KindMask) != RegularKind)
        {
            return null;
        }

        long seconds = MemoryMarshal.Read<long>(status[TimeOffset..]);
        uint nanoseconds = MemoryMarshal.Read<uint>(status[(TimeOffset + sizeof(long))..]);
        DateTime modified = DateTime.UnixEpoch.AddTicks((seconds * TimeSpan.TicksPerSecond) + (nanoseconds / TimeSpan.NanosecondsPerTick));
        return VersionOf(MemoryMarshal.Read<long>(status[SizeOffset..]), modified);
    }

    /// <summary>Where what is open really is, without any link; null where that cannot be told.</summary>
    public static string? PlaceOf(SafeFileHandle handle) =>
        OperatingSystem.IsLinux() ? new FileInfo(NameOf(handle)).LinkTarget : null;

    /// <summary>A name that means what is open, whatever has become of its own.</summary>
    public static string NameOf(SafeFileHandle handle) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{(int)handle.DangerousGetHandle()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    /// <summary><c>statx(2)</c>: its answer is laid out the same on every processor.</summary>
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Status(SafeFileHandle file, string path, int flags, uint mask, Span<byte> status);
}
