using Npgsql;
using PipelineService.Core.Rules;

namespace PipelineService.Write.Rejects;

/// <summary>A row that the database refused, and why.</summary>
/// <param name="Index">0-based index of the row in the chunk's row buffer.</param>
/// <param name="Code">What clients see.</param>
/// <param name="Column">The column at fault when the database names one, or the only column of the constraint.</param>
/// <param name="Message">The sentence: ours for a key, else the database's own.</param>
/// <param name="Key">
/// The columns whose values to show, as indexes into the rows' columns: those of a key that was there already.
/// </param>
public readonly record struct RejectedRow(
    int Index, RecordErrorCode Code, string? Column, string Message, IReadOnlyList<short>? Key = null)
{
    /// <summary>What clients see for the SQLSTATE with which a column's type refuses a value.</summary>
    public static RecordErrorCode CodeOfValue(string sqlState) => CodeOf(sqlState) switch
    {
        // Data, syntax and names that there are not; and the internal errors by which extensions say the same.
        RecordErrorCode.Database when sqlState[..2] is "22" or "42" or "XX" => RecordErrorCode.TypeMismatch,
        RecordErrorCode code => code,
    };

    /// <summary>What clients see for an SQLSTATE.</summary>
    public static RecordErrorCode CodeOf(string sqlState) => sqlState switch
    {
        PostgresErrorCodes.UniqueViolation => RecordErrorCode.Unique,
        PostgresErrorCodes.ForeignKeyViolation => RecordErrorCode.ForeignKey,
        PostgresErrorCodes.CheckViolation or PostgresErrorCodes.WithCheckOptionViolation => RecordErrorCode.Check,
        PostgresErrorCodes.NotNullViolation => RecordErrorCode.Required,
        PostgresErrorCodes.NumericValueOutOfRange or PostgresErrorCodes.DatetimeFieldOverflow => RecordErrorCode.OutOfRange,
        PostgresErrorCodes.StringDataRightTruncation => RecordErrorCode.MaxLength,
        _ => RecordErrorCode.Database,
    };
}
