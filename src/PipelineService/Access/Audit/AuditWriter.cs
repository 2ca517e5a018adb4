using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Audit;

/// <summary>
/// Writes entries of the audit. What is done and its entry belong into one transaction: neither is there without the other.
/// </summary>
public sealed class AuditWriter(Database database)
{
    /// <summary>Writes entries in the transaction that the connection is in, which is that of what they tell of.</summary>
    /// <exception cref="PostgresException">They cannot be written; what they tell of must not be done.</exception>
    public static async Task WriteAsync(
        NpgsqlConnection connection, IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(connection);
        batch.BatchCommands.Add(AuditSql.InsertOf(entries));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Writes entries that no other statement belongs to: before a read is answered, or before something is done that needs no
    /// database.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">They are not written.</exception>
    public Task WriteAloneAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await WriteAsync(connection, entries, token);
            return true;
        },
        cancellationToken);
}
