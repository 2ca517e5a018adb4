using System.Diagnostics.CodeAnalysis;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// One process per folder. The lock is an open file that nobody else may open, so the operating system gives it back in the
/// instant the process ends, however it ends; there is no stale lock to clean up.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <exception cref="StartupException">Another process, or another server of this process, has the folder.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "The lock owns the file.")]
    public static DirectoryLock Take(string directory)
    {
        string path = Path.Combine(directory, "postgres.lock");
        try
        {
            return new DirectoryLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException fault) when (IsHeld(fault))
        {
            throw new StartupException(
                $"Another PipelineService is running with its data in {directory}. Stop it, or give this one its own "
                + "folder (Hosting__DataDirectory) or database (ConnectionStrings__Pipeline).",
                fault);
        }
    }

    /// <summary>EWOULDBLOCK of Linux and of macOS, and Windows' sharing violation: .NET has no type for it.</summary>
    private static bool IsHeld(IOException fault) => (fault.HResult & 0xFFFF) is 11 or 35 or 32;

    /// <summary>The file stays: deleting it would let a third process lock a name that the second no longer sees.</summary>
    public void Dispose() => _file.Dispose();
}
