using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Keys;

/// <summary>A key that was just made, with its text: the only time that anybody sees it.</summary>
internal sealed record NewKey(KeyRow Row, string Text);

/// <summary>How often keys were changed, and whether there ever was one.</summary>
internal sealed record KeyCensus(long Changes, bool HasAny);

/// <summary>The keys in the database: made, listed, rotated, revoked.</summary>
internal sealed class KeyStore(Database database, KeyHasher hasher, IOptions<AccessOptions> options, TimeProvider time)
{
    /// <summary>Makes a key.</summary>
    /// <param name="grant">What it may do.</param>
    /// <param name="isFirst">Whether it is made only if there never was one.</param>
    /// <returns>Null when there are as many as may be, or when another was first.</returns>
    public async Task<NewKey?> CreateAsync(KeyGrant grant, string createdBy, bool isFirst, CancellationToken cancellationToken)
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
        };
        int made = await database.RunAsync(
            (connection, token) => InsertAsync(connection, row, isFirst, token), cancellationToken);
        return made == 1 ? new NewKey(row, text) : null;
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
    public async Task<bool> RevokeAsync(Guid id, CancellationToken cancellationToken) => await database.RunAsync(
        (connection, token) => connection.ExecuteAsync(Command(KeySql.Revoke, new { id, now = Now }, token)), cancellationToken) == 1;

    /// <summary>Gives a key a new secret.</summary>
    /// <param name="overlap">How long the one before goes on.</param>
    /// <returns>Null when there is no such key any more.</returns>
    public async Task<NewKey?> RotateAsync(Guid id, TimeSpan overlap, CancellationToken cancellationToken)
    {
        string text = KeyText.Make(id);
        byte[] hash = hasher.Hash(text);
        DateTime now = Now;
        KeyRow? row = await database.RunAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<KeyRow>(Command(
                KeySql.Rotate, new { id, hash, hashedWith = hasher.Mark, now, previousUntil = now + overlap }, token)),
            cancellationToken);
        return row is null ? null : new NewKey(row, text);
    }

    /// <summary>All keys that let somebody in.</summary>
    public async Task<IReadOnlyList<KeyRow>> LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<KeyRow>(Command(KeySql.Load, new { limit = options.Value.KeysMax }, cancellationToken))];

    public static Task<KeyCensus> LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<KeyCensus>(new CommandDefinition(KeySql.Look, cancellationToken: cancellationToken));

    private async Task<int> InsertAsync(NpgsqlConnection connection, KeyRow row, bool isFirst, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        int made = await connection.ExecuteAsync(Command(
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
                keysMax = options.Value.KeysMax,
                isFirst,
            },
            cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return made;
    }

    private DateTime Now => time.GetDatabaseNow().UtcDateTime;

    private static CommandDefinition Command(string sql, object parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, cancellationToken: cancellationToken);
}
