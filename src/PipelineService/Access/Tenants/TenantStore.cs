using Dapper;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Access.Limits;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Tenants;

/// <summary>What is said of tenants, and of the limits of datasets, in the database: each change with its entry in the audit.</summary>
internal sealed class TenantStore(Database database, TimeProvider time)
{
    /// <summary>Of so many tenants something may be said: each instance has all of it in memory.</summary>
    public const int CountMax = 100_000;

    public Task<TenantRow?> FindAsync(string name, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<TenantRow>(Command(TenantSql.Find, new { name }, token)),
        cancellationToken);

    /// <returns>What was said from now on; null when of as many tenants something was said as may be.</returns>
    public async Task<TenantRow?> PutAsync(TenantRow tenant, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        TenantRow row = tenant with { UpdatedAt = now.UtcDateTime };
        var entry = AuditEntry.Of(
            actor, AuditActions.TenantPut, now, $"tenant/{row.Name}", dataset: null,
            ("weight", row.Weight), ("sessionsMax", row.SessionsMax), ("queuedBytesMax", row.QueuedBytesMax), ("limits", row.Limits));
        return await ChangeAsync(
            TenantSql.Put,
            new
            {
                row.Name,
                row.Weight,
                row.SessionsMax,
                row.QueuedBytesMax,
                row.Limits,
                row.UpdatedAt,
                countMax = CountMax,
            },
            entry, cancellationToken)
            ? row
            : null;
    }

    /// <returns>Whether anything had been said.</returns>
    public Task<bool> DeleteAsync(string name, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(
        TenantSql.Delete, new { name },
        AuditEntry.Of(actor, AuditActions.TenantDelete, time.GetDatabaseNow(), $"tenant/{name}", dataset: null),
        cancellationToken);

    /// <summary>What was said of uploads for a dataset; null for nothing.</summary>
    public Task<CallLimits?> FindOfDatasetAsync(string dataset, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => CallLimits.OfJson(
            await connection.QuerySingleOrDefaultAsync<string?>(Command(TenantSql.FindDataset, new { dataset }, token))),
        cancellationToken);

    /// <returns>Whether there is such a dataset.</returns>
    public Task<bool> PutOfDatasetAsync(string dataset, CallLimits? limits, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(
        TenantSql.PutDataset, new { dataset, limits = limits?.ToJson() },
        AuditEntry.Of(
            actor, AuditActions.DatasetLimit, time.GetDatabaseNow(), $"dataset/{dataset}", dataset, ("limits", limits?.ToJson())),
        cancellationToken);

    /// <summary>A change and its entry in the audit, or neither.</summary>
    private Task<bool> ChangeAsync(string sql, object values, AuditEntry entry, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            if (await connection.QuerySingleOrDefaultAsync<string>(Command(sql, values, token)) is null)
            {
                return false;
            }

            await AuditWriter.WriteAsync(connection, [entry], token);
            await transaction.CommitAsync(token);
            return true;
        },
        cancellationToken);

    private static CommandDefinition Command(string sql, object parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, cancellationToken: cancellationToken);
}
