using Npgsql;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// Which database this is: a UUID that it gets at its first use and keeps, in backups too. Uploads wait outside of the
/// database, in a spool that knows it by this; and every connection is compared with it, because an address can come to
/// mean another database while the service runs.
/// </summary>
public sealed class DatabaseIdentity
{
    private const string FindSql = "SELECT id FROM pipeline.identity";

    private const string FindWithSecretSql = "SELECT id, key_secret FROM pipeline.identity";

    private const string MakeSql = "INSERT INTO pipeline.identity (id) VALUES ($1) ON CONFLICT DO NOTHING";

    private Guid? _id;
    private byte[]? _secret;

    /// <exception cref="InvalidOperationException">
    /// The database has not been reached since the service started.
    /// </exception>
    public Guid Id =>
        _id ?? throw new InvalidOperationException("The database's identity is known when it has been reached.");

    /// <summary>Random bytes that this database has and no copy of it that got an identity of its own.</summary>
    /// <exception cref="InvalidOperationException">
    /// The database has not been reached since the service started.
    /// </exception>
    internal byte[] Secret =>
        _secret ?? throw new InvalidOperationException("The database's secret is known when it has been reached.");

    /// <summary>Reads it, or makes it at the first use. The schema is in place.</summary>
    internal async Task LearnAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand make = new(MakeSql, connection)
        {
            Parameters = { new() { Value = Guid.CreateVersion7() } },
        };
        await make.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand find = new(FindWithSecretSql, connection);
        await using NpgsqlDataReader reader = await find.ExecuteReaderAsync(cancellationToken);
        if (await reader.ReadAsync(cancellationToken))
        {
            _id = reader.GetGuid(0);
            _secret = await reader.GetFieldValueAsync<byte[]>(1, cancellationToken);
        }
    }

    /// <summary>Compares a new connection, before anything is done with it: one round trip in its life.</summary>
    /// <exception cref="DatabaseExchangedException">
    /// It leads to another database than the one that was reached first.
    /// </exception>
    internal async Task CheckAsync(NpgsqlConnection connection)
    {
        if (_id is { } id)
        {
            Guid? found = await FindAsync(connection);
            if (found != id)
            {
                throw new DatabaseExchangedException(id, found);
            }
        }
    }

    private static async Task<Guid?> FindAsync(NpgsqlConnection connection)
    {
        try
        {
            await using NpgsqlCommand find = new(FindSql, connection);
            return (Guid?)await find.ExecuteScalarAsync();
        }
        catch (PostgresException e)
            when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return null;
        }
    }
}

/// <summary>
/// The database's address leads to another database than before. For everybody who uses it that is an outage: nothing
/// is read or written there, and what waits goes on when the first one is back.
/// </summary>
public sealed class DatabaseExchangedException(Guid expected, Guid? found) : NpgsqlException(
    "This is another database than the one that was reached first: its identity is "
    + $"{found?.ToString() ?? "missing"}, not {expected}. Nothing is read or written there. Bring the first "
    + "one back, or restart the service to use this one.");
