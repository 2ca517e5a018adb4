using Npgsql;

namespace PipelineService.Write;

/// <summary>
/// Somebody holds the table, or what a row needs, for longer than <see cref="WriteOptions.LockTimeout"/>. It passes when they let
/// go; until then the job has no use for its sessions.
/// </summary>
public sealed class TableHeldException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// One row alone, or two together, take longer than <see cref="WriteOptions.ChunkTimeout"/>: no smaller chunk would do.
/// </summary>
public sealed class ChunkTooSlowException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// A row has taken the session's transaction along: the driver gives a connection up for an internal error (class XX), or there
/// was no savepoint to go back to. The job remembers it: the next attempt sends its rows in a way that bears it.
/// </summary>
public sealed class SessionBrokenException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A job was rejected more records than its dataset allows.</summary>
public sealed class RejectLimitException(long read, long rejected) : Exception(string.Create(
    System.Globalization.CultureInfo.InvariantCulture,
    $"{rejected} of the first {read} records were rejected, more than the dataset's limits allow."));

/// <summary>Another instance runs the job now: this one's work on it must not be committed.</summary>
public sealed class JobTakenOverException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The SQLSTATE that <c>pipeline.require_epoch</c> raises.</summary>
    public const string SqlState = "PL001";

    /// <summary>
    /// Asks in the open transaction, and holds a take-over off until its end. Fails with <see cref="SqlState"/> when the job
    /// is another attempt's.
    /// </summary>
    public static NpgsqlBatchCommand RequireEpoch(Guid jobId, long epoch) => new(WriteSql.RequireEpoch)
    {
        Parameters = { new() { Value = jobId }, new() { Value = epoch } },
    };
}
