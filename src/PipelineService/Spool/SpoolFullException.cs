namespace PipelineService.Spool;

/// <summary>The spool does not hold any more: its quota or its disk is used up.</summary>
public sealed class SpoolFullException(string message) : Exception(message)
{
    private const int UnixNoSpace = 28;
    private const int UnixQuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    /// <summary>Whether an I/O error says that there is no room left (ENOSPC, EDQUOT and their Windows twins).</summary>
    public static bool IsDiskFull(IOException error) =>
        error.HResult is UnixNoSpace or UnixQuotaExceeded or WindowsDiskFull or WindowsHandleDiskFull;
}
