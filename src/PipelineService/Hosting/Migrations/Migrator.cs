using Npgsql;
using NpgsqlTypes;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Migrations;

/// <summary>
/// Brings the schema <c>pipeline</c> to this version. Several instances may do so at the same time: an advisory lock lets one
/// of them work, and the others find it done. Each step is one transaction, recorded in it. Where nothing is to be done it is looked at
/// alone, so that a role will do which may read the list of steps and owns nothing.
/// </summary>
internal sealed partial class Migrator(IReadOnlyList<Migration> migrations, TimeProvider time, ILogger<Migrator> logger)
{
    /// <summary>"pipeline" in ASCII: any number will do, as long as nobody else chooses it.</summary>
    private const long LockKey = 0x706970656C696E65;

    private const string ExistsSql = """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                       WHERE n.nspname = 'pipeline' AND c.relname = 'migrations')
        """;

    private const string PrepareSql =
        """
        CREATE SCHEMA IF NOT EXISTS pipeline;
        CREATE TABLE IF NOT EXISTS pipeline.migrations (
            number     integer     NOT NULL PRIMARY KEY,
            name       text        NOT NULL,
            sha256     bytea       NOT NULL,
            applied_at timestamptz NOT NULL
        );
        """;

    private const string AppliedSql = "SELECT number, name, sha256 FROM pipeline.migrations ORDER BY number";

    private const string RecordSql =
        "INSERT INTO pipeline.migrations (number, name, sha256, applied_at) VALUES ($1, $2, $3, $4)";

    /// <returns>How many steps were taken.</returns>
    /// <exception cref="StartupException">
    /// The database was written by a newer version, or by one whose steps were not these: using it could destroy data.
    /// </exception>
    public async Task<int> MigrateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await ExistsAsync(connection, cancellationToken) && await CheckAppliedAsync(connection, cancellationToken) == migrations.Count)
        {
            return 0;
        }

        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey})", cancellationToken);
        try
        {
            if (!await ExistsAsync(connection, cancellationToken))
            {
                await ExecuteAsync(connection, PrepareSql, cancellationToken);
            }

            int applied = await CheckAppliedAsync(connection, cancellationToken);
            foreach (Migration migration in migrations.Skip(applied))
            {
                await ApplyAsync(connection, migration, cancellationToken);
                Log.Applied(logger, migration.Number, migration.Name);
            }

            return migrations.Count - applied;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new StartupException(
                $"The schema \"pipeline\" of the database is to be made or brought to step {migrations.Count}, and the role may not do "
                + $"that: {e.MessageText}. Let its owner do it, with the connection string of that role: PipelineService "
                + $"{MigrateCommand.Word} --grant {new NpgsqlConnectionStringBuilder(connection.ConnectionString).Username}; or grant the "
                + "role what docs/operations.md lists.", e);
        }
        finally
        {
            // A connection that broke has lost the lock already.
            if (connection.State == System.Data.ConnectionState.Open)
            {
                await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey})", CancellationToken.None);
            }
        }
    }

    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ExistsSql, connection);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private async Task<int> CheckAppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(AppliedSql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        int count = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            int number = reader.GetInt32(0);
            if (number > migrations.Count)
            {
                throw new StartupException(
                    $"The database has schema version {number} ({reader.GetString(1)}), written by a newer PipelineService; "
                    + $"this one knows {migrations.Count}. Start the newer version, or restore a backup from before.");
            }

            Migration ours = migrations[count++];
            byte[] sha256 = await reader.GetFieldValueAsync<byte[]>(2, cancellationToken);
            if (number != ours.Number || !ours.Sha256.AsSpan().SequenceEqual(sha256))
            {
                throw new StartupException(
                    $"Schema step {number} ({reader.GetString(1)}) of the database is not the step {ours.Number} ({ours.Name}) of "
                    + "this PipelineService: it was altered after it had been applied. Start the version that applied it, "
                    + "or use another database.");
            }
        }

        return count;
    }

    private async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, migration.Sql, cancellationToken);
        await using var record = new NpgsqlCommand(RecordSql, connection);
        record.Parameters.Add(new NpgsqlParameter { Value = migration.Number });
        record.Parameters.Add(new NpgsqlParameter { Value = migration.Name });
        record.Parameters.Add(new NpgsqlParameter { Value = migration.Sha256 });
        record.Parameters.Add(
            new NpgsqlParameter { Value = time.GetUtcNow().UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Without a timeout: waiting for another instance, and changing a large table, may take long.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Security", "CA2100", Justification = "Our own constants and embedded files.")]
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Applied schema step {Number}: {Name}")]
        public static partial void Applied(ILogger logger, int number, string name);
    }
}
