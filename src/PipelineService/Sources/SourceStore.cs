using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Sources.Requests;

namespace PipelineService.Sources;

/// <summary>What a source is to be.</summary>
/// <param name="Settings">What its kind needs, as JSON text.</param>
/// <param name="Place">Where it is, by which two sources of a kind are told apart.</param>
/// <param name="Tenant">That of the dataset.</param>
internal sealed record SourceDeclaration(
    string Kind, string Dataset, string? Label, string? ContentType, string Settings, string Place, string? Tenant);

/// <summary>The sources in the database: declared, changed, paused and deleted, each with its entry in the audit.</summary>
internal sealed class SourceStore(Database database, IOptions<SourcesOptions> options, TimeProvider time)
{
    public Task<IReadOnlyList<SourceRow>> ListAsync(CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
            (IReadOnlyList<SourceRow>)[.. await connection.QueryAsync<SourceRow>(Command(SourceSql.List, new { }, token))],
        cancellationToken);

    /// <summary>A source that the caller may see.</summary>
    public Task<SourceRow?> FindAsync(string name, Caller caller, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
            await connection.QuerySingleOrDefaultAsync<SourceRow>(Command(SourceSql.Find, new { name }, token)) is { } row
                && row.IsSeenBy(caller)
                ? row
                : null,
        cancellationToken);

    /// <summary>Makes it, or makes it so. What it has taken stays taken.</summary>
    public Task<(SourceRow? Row, bool IsNew, Problem? Problem)> PutAsync(
        string name, SourceDeclaration declared, Caller caller, AuditActor actor, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            await connection.ExecuteAsync(Command(SourceSql.LockNames, new { }, token));
            SourceRow? before = await connection.QuerySingleOrDefaultAsync<SourceRow>(Command(SourceSql.FindToChange, new { name }, token));
            if (await FaultOfAsync(connection, name, before, declared, caller, token) is { } problem)
            {
                return ((SourceRow?)null, false, (Problem?)problem);
            }

            DateTimeOffset now = time.GetDatabaseNow();
            SourceRow row = new()
            {
                Name = name,
                Kind = declared.Kind,
                Dataset = declared.Dataset,
                Label = declared.Label,
                ContentType = declared.ContentType,
                Settings = declared.Settings,
                Paused = before?.Paused ?? false,
                Tenant = declared.Tenant,
                OwnerKey = caller.KeyId,
                CreatedBy = before?.CreatedBy ?? Excerpt.Of(caller.Actor),
                CreatedAt = before?.CreatedAt ?? now.UtcDateTime,
                UpdatedAt = now.UtcDateTime,
                Id = before?.Id ?? Guid.CreateVersion7(now),
            };
            await connection.ExecuteAsync(Command(before is null ? SourceSql.Insert : SourceSql.Update, row, token));
            var entry = AuditEntry.Of(
                actor, AuditActions.SourcePut, now, $"source/{name}", row.Dataset, ("kind", row.Kind), ("place", declared.Place),
                ("source", row.Label), ("isNew", before is null));
            await AuditWriter.WriteAsync(connection, [entry], token);
            SourceRow stored = await connection.QuerySingleAsync<SourceRow>(Command(SourceSql.Find, new { name }, token));
            await transaction.CommitAsync(token);
            return (stored, before is null, null);
        },
        cancellationToken);

    /// <returns>False when it is no more.</returns>
    public Task<bool> PauseAsync(SourceRow row, bool paused, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        return ChangeAsync(
            SourceSql.Pause, new { id = row.Id, paused, now = now.UtcDateTime },
            AuditEntry.Of(actor, paused ? AuditActions.SourcePause : AuditActions.SourceResume, now, $"source/{row.Name}", row.Dataset),
            cancellationToken);
    }

    /// <summary>With it goes what it has taken: declared again, it begins anew.</summary>
    /// <returns>False when it is no more.</returns>
    public Task<bool> DeleteAsync(SourceRow row, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(
        SourceSql.Delete, new { id = row.Id },
        AuditEntry.Of(actor, AuditActions.SourceDelete, time.GetDatabaseNow(), $"source/{row.Name}", row.Dataset), cancellationToken);

    /// <summary>There is something new, whoever looks after it.</summary>
    public Task WakeAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(Command(SourceSql.Wake, new { id }, token)), cancellationToken);

    /// <summary>What it has taken and what not, the latest first.</summary>
    public Task<IReadOnlyList<SourceObjectRow>> ListObjectsAsync(
        Guid id, string? state, long? before, int limit, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<SourceObjectRow>)
            [.. await connection.QueryAsync<SourceObjectRow>(Command(SourceSql.Objects, new { id, state, before, limit }, token))],
        cancellationToken);

    private async Task<Problem?> FaultOfAsync(
        NpgsqlConnection connection, string name, SourceRow? before, SourceDeclaration declared, Caller caller,
        CancellationToken cancellationToken)
    {
        if (before is null)
        {
            int max = options.Value.SourcesMax;
            return await connection.ExecuteScalarAsync<long>(Command(SourceSql.Count, new { }, cancellationToken)) >= max
                ? SourceProblems.TooMany(max)
                : null;
        }

        return !before.IsSeenBy(caller) ? SourceProblems.NameTaken(name)
            : before.Kind != declared.Kind || SourcePlaces.Of(before) != declared.Place ? SourceProblems.Elsewhere(name)
            : null;
    }

    private Task<bool> ChangeAsync(string sql, object values, AuditEntry entry, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            if (await connection.ExecuteAsync(Command(sql, values, token)) == 0)
            {
                return false;
            }

            await AuditWriter.WriteAsync(connection, [entry], token);
            await transaction.CommitAsync(token);
            return true;
        },
        cancellationToken);

    private static CommandDefinition Command(string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, cancellationToken: cancellationToken);
}

/// <summary>A row of <c>pipeline.source_objects</c>.</summary>
internal sealed record SourceObjectRow(
    string Object, string Version, long Bytes, string State, Guid? JobId, string? Error, bool PutAway, DateTime At, long N);
