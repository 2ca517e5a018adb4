using System.Globalization;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Access.Limits;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Keys;

/// <summary>A key that was just made, with its text: the only time that anybody sees it.</summary>
internal sealed record NewKey(KeyRow Row, string Text);

/// <summary>How often keys were changed, and whether there ever was one.</summary>
internal sealed record KeyCensus(long Changes, bool HasAny);

/// <summary>The keys in the database: made, listed, rotated, revoked, each change with its entry in the audit.</summary>
internal sealed class KeyStore(Database database, KeyHasher hasher, IOptions<AccessOptions> options, TimeProvider time)
{
    /// <summary>Makes a key.</summary>
    /// <param name="grant">What it may do.</param>
    /// <param name="isFirst">Whether it is made only if there never was one.</param>
    /// <returns>Null when there are as many as may be, or when another was first.</returns>
    public async Task<NewKey?> CreateAsync(
        KeyGrant grant, string createdBy, bool isFirst, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        var id = Guid.CreateVersion7(now);
        string text = KeyText.Make(id);
        KeyRow row = new()
        {
            Id = id,
            Name = grant.Name,
            Scopes = grant.Scopes.ToNames(),
            Datasets = [.. grant.Datasets.Patterns],
            Source = grant.Source,
            Tenant = grant.Tenant,
            Hash = hasher.Hash(text),
            HashedWith = hasher.Mark,
            CreatedBy = createdBy,
            CreatedAt = now.UtcDateTime,
            ExpiresAt = grant.ExpiresAt?.UtcDateTime,
            Limits = grant.Limits?.ToJson(),
        };
        var entry = AuditEntry.Of(
            actor, AuditActions.KeyCreate, now, $"key/{id}", dataset: null,
            ("name", row.Name), ("scopes", string.Join(',', row.Scopes)), ("datasets", string.Join(',', row.Datasets)),
            ("source", row.Source), ("tenant", row.Tenant), ("expiresAt", TextOf(row.ExpiresAt)),
            ("limits", row.Limits));
        string? made = await ChangeAsync(
            (connection, token) => InsertAsync(connection, row, isFirst, token), _ => entry, cancellationToken);
        return made is null ? null : new NewKey(row, text);
    }

    public Task<KeyRow?> FindAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<KeyRow>(Command(KeySql.Find, new { id }, token)), cancellationToken);

    /// <summary>Keys whose rights the caller has too, newest first.</summary>
    /// <param name="before">The last one of the page before.</param>
    public Task<IReadOnlyList<KeyRow>> ListAsync(Caller caller, Guid? before, int limit, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<KeyRow>>(
            async (connection, token) =>
            [
                .. await connection.QueryAsync<KeyRow>(
                    Command(KeySql.List, new { before, caller.Tenant, caller.Source, limit }, token)),
            ],
            cancellationToken);

    /// <returns>Whether it was good until now.</returns>
    public async Task<bool> RevokeAsync(Guid id, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        string? name = await ChangeAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<string>(
                Command(KeySql.Revoke, new { id, now = now.UtcDateTime }, token)),
            name => AuditEntry.Of(actor, AuditActions.KeyRevoke, now, $"key/{id}", dataset: null, ("name", name)),
            cancellationToken);
        return name is not null;
    }

    /// <summary>Says how much a key may send from now on.</summary>
    /// <param name="limits">Null: what <c>Limits:Key…</c> say.</param>
    /// <returns>Null when there is no such key any more.</returns>
    public Task<KeyRow?> ChangeLimitsAsync(Guid id, CallLimits? limits, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        return ChangeAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<KeyRow>(
                Command(KeySql.ChangeLimits, new { id, limits = limits?.ToJson() }, token)),
            changed => AuditEntry.Of(
                actor, AuditActions.KeyChange, now, $"key/{id}", dataset: null, ("name", changed.Name), ("limits", changed.Limits)),
            cancellationToken);
    }

    /// <summary>Gives a key a new secret.</summary>
    /// <param name="overlap">How long the one before goes on.</param>
    /// <returns>Null when there is no such key any more.</returns>
    public async Task<NewKey?> RotateAsync(Guid id, TimeSpan overlap, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset at = time.GetDatabaseNow();
        string text = KeyText.Make(id);
        byte[] hash = hasher.Hash(text);
        DateTime now = at.UtcDateTime;
        KeyRow? row = await ChangeAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<KeyRow>(Command(
                KeySql.Rotate, new { id, hash, hashedWith = hasher.Mark, now, previousUntil = now + overlap }, token)),
            rotated => AuditEntry.Of(
                actor, AuditActions.KeyRotate, at, $"key/{id}", dataset: null,
                ("name", rotated.Name), ("previousUntil", TextOf(rotated.PreviousUntil))),
            cancellationToken);
        return row is null ? null : new NewKey(row, text);
    }

    /// <summary>All keys that let somebody in.</summary>
    public async Task<IReadOnlyList<KeyRow>> LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<KeyRow>(Command(KeySql.Load, new { limit = options.Value.KeysMax }, cancellationToken))];

    public static Task<KeyCensus> LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<KeyCensus>(new CommandDefinition(KeySql.Look, cancellationToken: cancellationToken));

    /// <summary>A change of one key and its entry in the audit, or neither.</summary>
    /// <param name="change">Answers nothing when there was nothing to change.</param>
    private Task<T?> ChangeAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T?>> change, Func<T, AuditEntry> entryOf, CancellationToken cancellationToken) =>
        database.RunAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
                T? changed = await change(connection, token);
                if (changed is not null)
                {
                    await AuditWriter.WriteAsync(connection, [entryOf(changed)], token);
                    await transaction.CommitAsync(token);
                }

                return changed;
            },
            cancellationToken);

    /// <returns>Its name, or nothing when it was not made.</returns>
    private Task<string?> InsertAsync(NpgsqlConnection connection, KeyRow row, bool isFirst, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<string>(Command(
            KeySql.Insert,
            new
            {
                row.Id,
                row.Name,
                row.Scopes,
                row.Datasets,
                row.Source,
                row.Tenant,
                row.Hash,
                row.HashedWith,
                row.CreatedBy,
                row.CreatedAt,
                row.ExpiresAt,
                row.Limits,
                keysMax = options.Value.KeysMax,
                isFirst,
            },
            cancellationToken));

    private static string? TextOf(DateTime? time) => time?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static CommandDefinition Command(string sql, object parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, cancellationToken: cancellationToken);
}
