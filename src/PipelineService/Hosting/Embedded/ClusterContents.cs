using Npgsql;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// What the service finds on its private server: a role with no rights over the server, and a database that belongs to it, as
/// it should be on a server that others run.
/// </summary>
internal sealed partial class ClusterContents(Cluster cluster, Func<string, string> connectionOf, ILogger logger)
{
    public const string Role = "pipeline";
    public const string Database = "pipeline";

    /// <summary>Makes what is missing.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await OpenAsync(cancellationToken);
        if (!await ExistsAsync(connection, $"pg_roles WHERE rolname = '{Role}'", cancellationToken))
        {
            // One password for both: it lies in one file, which only the service's user may read.
            await ExecuteAsync(connection, $"CREATE ROLE {Role} LOGIN PASSWORD '{cluster.Password}'", cancellationToken);

            // By default a schema of the role's own name goes first, and that is where the service keeps its books.
            await ExecuteAsync(connection, $"ALTER ROLE {Role} SET search_path = public", cancellationToken);
        }

        if (!await ExistsAsync(connection, $"pg_database WHERE datname = '{Database}'", cancellationToken))
        {
            await ExecuteAsync(connection, $"CREATE DATABASE {Database} OWNER {Role}", cancellationToken);
        }
    }

    /// <summary>As the superuser, who was the service's role itself on servers that earlier versions made.</summary>
    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAsync(Cluster.Superuser, cancellationToken);
        }
        catch (PostgresException fault)
            when (fault.SqlState is PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidPassword)
        {
            Log.RoleIsSuperuser(logger, cluster.Folder, Role);
            return await OpenAsync(Role, cancellationToken);
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(string role, CancellationToken cancellationToken)
    {
        var address = new NpgsqlConnectionStringBuilder(connectionOf(role)) { Pooling = false };
        NpgsqlConnection connection = new(address.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, string rows, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {rows}";
        return await command.ExecuteScalarAsync(cancellationToken) is > 0L;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning,
            "The private server in {Folder} was made by an earlier version: its role {Role} is a superuser. "
            + "One that is made anew has a role without such rights.")]
        public static partial void RoleIsSuperuser(ILogger logger, string folder, string role);
    }
}
