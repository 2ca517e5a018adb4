using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Events.Webhooks;

/// <summary>What became of a change.</summary>
/// <param name="Row">The webhook as it is now.</param>
/// <param name="Secret">The new secret, if there is one.</param>
/// <param name="IsNew">Whether it was made.</param>
internal sealed record WebhookChange(WebhookRow Row, byte[]? Secret, bool IsNew);

/// <summary>The webhooks in the database: made, changed, rotated, disabled and deleted, each with its entry in the audit.</summary>
internal sealed class WebhookStore(Database database, WebhookVault vault, IOptions<EventsOptions> options, TimeProvider time)
{
    public Task<IReadOnlyList<WebhookRow>> ListAsync(CancellationToken cancellationToken) => QueryAsync(WebhookSql.List, new { }, cancellationToken);

    /// <summary>Those that something is due for.</summary>
    public Task<IReadOnlyList<WebhookRow>> FindDueAsync(CancellationToken cancellationToken) =>
        QueryAsync(WebhookSql.FindDue, new { }, cancellationToken);

    /// <summary>A webhook that the caller may see.</summary>
    public Task<WebhookRow?> FindAsync(string name, Caller caller, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
            await connection.QuerySingleOrDefaultAsync<WebhookRow>(Command(WebhookSql.Find, new { name }, token)) is { } row && row.IsSeenBy(caller)
                ? row
                : null,
        cancellationToken);

    /// <summary>Makes it, or makes it so.</summary>
    public Task<(WebhookChange? Change, Problem? Problem)> PutAsync(
        string name, WebhookSettings settings, Caller caller, AuditActor actor, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            await connection.ExecuteAsync(Command(WebhookSql.LockNames, new { }, token));
            WebhookRow? before = await connection.QuerySingleOrDefaultAsync<WebhookRow>(Command(WebhookSql.FindToChange, new { name }, token));
            if (before is not null && !before.IsSeenBy(caller))
            {
                return (null, WebhookProblems.NameTaken(name));
            }

            if (before is null && await connection.ExecuteScalarAsync<long>(Command(WebhookSql.Count, new { }, token)) >= options.Value.WebhooksMax)
            {
                return ((WebhookChange?)null, (Problem?)WebhookProblems.TooMany(options.Value.WebhooksMax));
            }

            byte[] secret = WebhookSignature.NewSecret();
            DateTimeOffset now = time.GetDatabaseNow();
            WebhookRow row = With(settings, before ?? RowOf(name, caller, secret, now)) with { OwnerKey = caller.KeyId, UpdatedAt = now.UtcDateTime };
            await connection.ExecuteAsync(Command(before is null ? WebhookSql.Insert : WebhookSql.Update, row, token));
            var entry = AuditEntry.Of(
                actor, AuditActions.WebhookPut, now, $"webhook/{name}", dataset: null,
                ("host", new Uri(row.Url).Host), ("types", Text(row.Types)), ("datasets", Text(row.Datasets)), ("headers", Text(row.HeaderNames)),
                ("disabled", row.Disabled), ("isNew", before is null));
            await AuditWriter.WriteAsync(connection, [entry], token);
            await transaction.CommitAsync(token);
            return (new WebhookChange(row, before is null ? secret : null, before is null), null);
        },
        cancellationToken);

    /// <summary>Gives it a new secret.</summary>
    /// <param name="overlap">How long deliveries are signed with the one before, too.</param>
    /// <returns>Null when it is no more.</returns>
    public async Task<WebhookChange?> RotateAsync(WebhookRow row, TimeSpan overlap, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset at = time.GetDatabaseNow();
        (DateTime now, DateTime until) = (at.UtcDateTime, at.UtcDateTime + overlap);
        byte[] secret = WebhookSignature.NewSecret();
        var entry = AuditEntry.Of(
            actor, AuditActions.WebhookRotate, at, $"webhook/{row.Name}", dataset: null, ("previousUntil", overlap > TimeSpan.Zero ? until.ToString("O") : null));
        bool isDone = await ChangeAsync(
            WebhookSql.Rotate, new { id = row.Id, secret = vault.Seal(row.Id, secret), now, until }, entry, cancellationToken);
        return isDone
            ? new WebhookChange(row with { RotatedAt = now, UpdatedAt = now, PreviousUntil = until }, secret, IsNew: false)
            : null;
    }

    /// <returns>False when it is no more.</returns>
    public Task<bool> DeleteAsync(WebhookRow row, AuditActor actor, CancellationToken cancellationToken) => ChangeAsync(
        WebhookSql.Delete, new { id = row.Id },
        AuditEntry.Of(actor, AuditActions.WebhookDelete, time.GetDatabaseNow(), $"webhook/{row.Name}", dataset: null), cancellationToken);

    /// <summary>The service sends nothing more to it.</summary>
    /// <returns>False when it was disabled before.</returns>
    public Task<bool> DisableAsync(Guid id, string name, string reason, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        return ChangeAsync(
            WebhookSql.Disable, new { id, reason, now = now.UtcDateTime },
            AuditEntry.Of(AuditActor.Service, AuditActions.WebhookDisable, now, $"webhook/{name}", dataset: null, ("reason", reason)),
            cancellationToken);
    }

    /// <summary>Those that more wait for than may (<see cref="EventsOptions.PendingMax"/>).</summary>
    public Task<IReadOnlyList<WebhookRow>> FindOverfullAsync(CancellationToken cancellationToken) => QueryAsync(
        WebhookSql.FindOverfull, new { max = options.Value.PendingMax }, cancellationToken);

    private Task<IReadOnlyList<WebhookRow>> QueryAsync(string sql, object values, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<WebhookRow>)[.. await connection.QueryAsync<WebhookRow>(Command(sql, values, token))],
        cancellationToken);

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

    private WebhookRow RowOf(string name, Caller caller, byte[] secret, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7(now);
        return new WebhookRow
        {
            Name = name,
            Url = "",
            Tenant = caller.Tenant,
            Source = caller.Source,
            OwnerDatasets = [.. caller.Datasets.Patterns],
            CreatedBy = Core.Rules.Excerpt.Of(caller.Actor),
            CreatedAt = now.UtcDateTime,
            UpdatedAt = now.UtcDateTime,
            Id = id,
            Headers = HeadersOf(id, new Dictionary<string, string>()),
            Secret = vault.Seal(id, secret),
        };
    }

    private WebhookRow With(WebhookSettings settings, WebhookRow row) => row with
    {
        Url = settings.Url,
        Types = settings.Types,
        Datasets = settings.Datasets is { } datasets ? [.. datasets.Patterns] : null,
        Disabled = settings.Disabled,
        DisabledReason = settings.Disabled ? row.DisabledReason : null,
        IsOwnerGood = true,
        HeaderNames = settings.Headers is { } names ? [.. names.Keys.Order(StringComparer.OrdinalIgnoreCase)] : row.HeaderNames,
        Headers = settings.Headers is { } headers ? HeadersOf(row.Id, headers) : row.Headers,
    };

    private byte[] HeadersOf(Guid id, IReadOnlyDictionary<string, string> headers) =>
        vault.Seal(id, JsonSerializer.SerializeToUtf8Bytes(headers));

    private static string? Text(string[]? words) => words is null ? null : string.Join(',', words);

    private static CommandDefinition Command(string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, cancellationToken: cancellationToken);
}
