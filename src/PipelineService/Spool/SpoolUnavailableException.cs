namespace PipelineService.Spool;

/// <summary>
/// The spool cannot be read or written now: an I/O error, a missing permission, a disk that is gone. It says nothing about
/// the upload, which may be whole: what it holds up waits. Damage is <see cref="SpoolDamagedException"/>.
/// </summary>
/// <remarks>
/// Not an <see cref="IOException"/>: those are faults of the database to <see cref="Hosting.Postgres.SqlFaults"/>. Ask for this
/// one first.
/// </remarks>
public sealed class SpoolUnavailableException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Whether an error is the file system's, and not one that another try could not mend.</summary>
    public static bool IsFault(Exception error) =>
        error is IOException or UnauthorizedAccessException or SpoolUnavailableException;
}
