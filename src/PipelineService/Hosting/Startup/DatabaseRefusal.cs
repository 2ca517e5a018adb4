using System.Security.Authentication;
using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Hosting.Startup;

/// <summary>
/// What a database that answers has against the service: at its start that is for an operator to mend, not to wait for.
/// </summary>
internal static class DatabaseRefusal
{
    /// <summary>The sentence for the operator; null when the fault is not one of theirs, or may pass.</summary>
    public static string? Describe(Exception fault, DatabaseAddress database) => fault switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } e =>
            $"The server of {database.Text} has no such database: {Text(e)}. Make it (createdb), or correct the name in "
            + $"{database.Origin}.",
        PostgresException e when SqlFaults.IsRefusedLogin(e) =>
            $"The database {database.Text} does not let the service in: {Text(e)}. Correct user and password in {database.Origin}, "
            + "or what the server's pg_hba.conf says about them.",
        PostgresException e when !SqlFaults.MayPass(e) =>
            $"The database {database.Text} cannot be prepared: {Text(e)}. The role needs the grants that docs/operations.md lists.",
        NpgsqlException e when IsWithoutPassword(e) =>
            $"The database {database.Text} asks for a password, and there is none in {database.Origin}. Add it: Password=…, "
            + "in a URI postgres://user:password@host/database.",
        NpgsqlException { InnerException: AuthenticationException e } =>
            $"The certificate of {database.Text} is not accepted: {e.Message} Name the authority that issued it in {database.Origin} "
            + "(Root Certificate=…), or correct its SSL Mode.",
        NpgsqlException e when IsWithoutTls(e) =>
            $"The database {database.Text} offers no TLS, which {database.Origin} asks for. Switch it on there (ssl = on in "
            + "postgresql.conf), or correct SSL Mode.",
        _ => null,
    };

    private static string Text(PostgresException fault) => $"{fault.MessageText} (SQLSTATE {fault.SqlState})";

    // For these the driver has no type and no code.
    private static bool IsWithoutTls(NpgsqlException fault) =>
        fault.Message.StartsWith("SSL connection requested. No SSL", StringComparison.Ordinal);

    private static bool IsWithoutPassword(NpgsqlException fault) =>
        fault.Message.StartsWith("No password has been provided", StringComparison.Ordinal);
}
