using Npgsql;
using PipelineService.Core.Rules;

namespace PipelineService.Write;

/// <summary>A row that the database refused, and why.</summary>
/// <param name="Index">0-based index of the row in the chunk's row buffer.</param>
/// <param name="Code">What clients see.</param>
/// <param name="Column">The column at fault when the database names one, or the only column of the constraint.</param>
/// <param name="Message">The database's own sentence.</param>
public readonly record struct RefusedRow(int Index, RecordErrorCode Code, string? Column, string Message)
{
    /// <summary>
    /// Whether an error belongs to a row: a data exception, an integrity constraint, a view's check option, or RAISE in a
    /// trigger. All others are faults of the sink or of the job: so is a binary value of the wrong form, which means that the
    /// column has another type than it was declared with.
    /// </summary>
    public static bool IsRowError(PostgresException error) =>
        (error.SqlState.StartsWith("22", StringComparison.Ordinal)
            && error.SqlState != PostgresErrorCodes.InvalidBinaryRepresentation)
        || error.SqlState.StartsWith("23", StringComparison.Ordinal)
        || error.SqlState.StartsWith("44", StringComparison.Ordinal)
        || error.SqlState == PostgresErrorCodes.RaiseException;

    /// <summary>What clients see for an SQLSTATE.</summary>
    public static RecordErrorCode CodeOf(string sqlState) => sqlState switch
    {
        PostgresErrorCodes.UniqueViolation => RecordErrorCode.Unique,
        PostgresErrorCodes.ForeignKeyViolation => RecordErrorCode.ForeignKey,
        PostgresErrorCodes.CheckViolation => RecordErrorCode.Check,
        PostgresErrorCodes.NotNullViolation => RecordErrorCode.Required,
        PostgresErrorCodes.NumericValueOutOfRange or PostgresErrorCodes.DatetimeFieldOverflow => RecordErrorCode.OutOfRange,
        PostgresErrorCodes.StringDataRightTruncation => RecordErrorCode.MaxLength,
        _ => RecordErrorCode.Database,
    };
}
