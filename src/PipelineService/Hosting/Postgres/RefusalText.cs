using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// What PostgreSQL says of rows, as it may be told. A sentence may quote a value, and of a value that holds personal data nobody shall
/// read: then only the SQLSTATE is told, and the constraint.
/// </summary>
internal static class RefusalText
{
    /// <summary>The sentence with the SQLSTATE behind it, or what may be told instead.</summary>
    public static string Of(PostgresException error, RowPlan rows) => rows.Hidden.IsEmpty
        ? $"{error.MessageText} (SQLSTATE {error.SqlState})"
        : Without(error.SqlState, error.ConstraintName);

    /// <summary>The error as the cause of another: what logs a cause logs its sentence.</summary>
    public static PostgresException? Cause(PostgresException error, RowPlan rows) => rows.Hidden.IsEmpty ? error : null;

    /// <summary>An error as it may be logged and kept: one of PostgreSQL without its sentence.</summary>
    public static Exception Veil(Exception error, RowPlan rows) => error is PostgresException refusal && !rows.Hidden.IsEmpty
        ? new PostgresException(
            Without(refusal.SqlState, refusal.ConstraintName),
            refusal.Severity,
            refusal.InvariantSeverity,
            refusal.SqlState,
            constraintName: refusal.ConstraintName)
        : error;

    /// <summary>What is told without a sentence of PostgreSQL.</summary>
    public static string Without(string sqlState, string? constraint) => string.IsNullOrEmpty(constraint)
        ? $"The database refused the row (SQLSTATE {sqlState})."
        : $"The database refused the row: constraint \"{Excerpt.Of(constraint)}\" (SQLSTATE {sqlState}).";
}
