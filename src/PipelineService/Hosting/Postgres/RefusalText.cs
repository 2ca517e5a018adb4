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
    public static string Of(PostgresException error, RowPlan rows) =>
        $"{(rows.Hidden.IsEmpty ? error.MessageText : Words(error.ConstraintName))} (SQLSTATE {error.SqlState})";

    /// <summary>The error as the cause of another: what logs a cause logs its sentence.</summary>
    public static PostgresException? Cause(PostgresException error, RowPlan rows) => rows.Hidden.IsEmpty ? error : null;

    /// <summary>An error as it may be logged and kept: one of PostgreSQL without its sentence.</summary>
    public static Exception Veil(Exception error, RowPlan rows) =>
        error is PostgresException refusal && !rows.Hidden.IsEmpty ? Veil(refusal) : error;

    /// <summary>The error without its sentence.</summary>
    public static PostgresException Veil(PostgresException error) => new(
        Words(error.ConstraintName),
        error.Severity,
        error.InvariantSeverity,
        error.SqlState,
        constraintName: error.ConstraintName);

    /// <summary>Why a statement was refused that is no row's, as a sentence.</summary>
    /// <param name="error">What PostgreSQL raised.</param>
    /// <param name="isPersonal">Whether its own sentence may quote personal data.</param>
    public static string Statement(PostgresException error, bool isPersonal) => !isPersonal
        ? $"PostgreSQL says: {error.MessageText} (SQLSTATE {error.SqlState})."
        : string.IsNullOrEmpty(error.ConstraintName)
            ? $"PostgreSQL refuses it (SQLSTATE {error.SqlState}); what it says may be personal data and is not shown."
            : $"PostgreSQL refuses it: constraint \"{Excerpt.Of(error.ConstraintName)}\" (SQLSTATE {error.SqlState}).";

    /// <summary>What is told without a sentence of PostgreSQL.</summary>
    public static string Without(string sqlState, string? constraint) => $"{Words(constraint)} (SQLSTATE {sqlState}).";

    private static string Words(string? constraint) => string.IsNullOrEmpty(constraint)
        ? "The database refused the row"
        : $"The database refused the row: constraint \"{Excerpt.Of(constraint)}\"";
}
