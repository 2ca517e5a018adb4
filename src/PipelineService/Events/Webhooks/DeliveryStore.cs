using Dapper;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Events.Webhooks;

/// <summary>A delivery that this instance is to send.</summary>
/// <param name="Attempt">Which one it is: it also fences off whoever took it before.</param>
internal sealed record ClaimedDelivery(Guid Id, Guid Webhook, short Slot, int Attempt, EventRow Event);

/// <summary>What is written of an attempt.</summary>
/// <param name="Pause">Until the next one, where there is one.</param>
internal sealed record DeliveryMark(
    Guid Webhook, long Position, short Slot, int Attempt, string State, TimeSpan Pause, int? Status, int Milliseconds, string? Error, string? Answer);

/// <summary>The deliveries in the database.</summary>
internal sealed class DeliveryStore(Database database, TimeProvider time)
{
    public const string Pending = "pending";
    public const string Delivered = "delivered";
    public const string Failed = "failed";

    public static readonly string[] States = [Pending, Delivered, Failed];

    /// <summary>Takes what is due, for this instance alone.</summary>
    /// <param name="rooms">Webhooks and how many of each.</param>
    /// <param name="lease">For how long.</param>
    public Task<List<ClaimedDelivery>> ClaimAsync(
        IReadOnlyList<(Guid Webhook, int Room)> rooms, TimeSpan lease, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlCommand command = new(DeliverySql.Claim, connection)
            {
                Parameters =
                {
                    new() { Value = rooms.Select(room => room.Webhook).ToArray() },
                    new() { Value = rooms.Select(room => room.Room).ToArray() },
                    new() { Value = lease },
                },
            };
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(token);
            List<ClaimedDelivery> claimed = [];
            while (await reader.ReadAsync(token))
            {
                claimed.Add(new(
                    reader.GetGuid(0), reader.GetGuid(1), reader.GetInt16(2), reader.GetInt32(3), EventStore.RowOf(reader, first: 4)));
            }

            return claimed;
        },
        cancellationToken);

    public Task MarkAsync(DeliveryMark mark, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(new CommandDefinition(DeliverySql.Mark, mark, cancellationToken: token)), cancellationToken);

    public Task GiveBackAsync(ClaimedDelivery delivery, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(new CommandDefinition(
            DeliverySql.GiveBack, new { delivery.Webhook, delivery.Event.Position, delivery.Slot, delivery.Attempt }, cancellationToken: token)),
        cancellationToken);

    /// <summary>Those of a webhook, of the latest events first.</summary>
    /// <param name="state">Null: in any.</param>
    /// <param name="before">The last position of the page before.</param>
    public Task<IReadOnlyList<DeliveryRow>> ListAsync(
        Guid webhook, string? state, long? before, int limit, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<DeliveryRow>)
        [
            .. await connection.QueryAsync<DeliveryRow>(
                new CommandDefinition(DeliverySql.List, new { webhook, state, before, limit }, cancellationToken: token)),
        ],
        cancellationToken);

    /// <summary>Has one sent once more.</summary>
    /// <returns>Null when there is none.</returns>
    public Task<DeliveryRow?> SendAgainAsync(WebhookRow webhook, Guid id, AuditActor actor, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            DeliveryRow? row = await connection.QuerySingleOrDefaultAsync<DeliveryRow>(
                new CommandDefinition(DeliverySql.Again, new { webhook = webhook.Id, id }, cancellationToken: token));
            if (row is not null)
            {
                var entry = AuditEntry.Of(
                    actor, AuditActions.WebhookRedeliver, time.GetDatabaseNow(), $"webhook/{webhook.Name}", row.Dataset,
                    ("delivery", id), ("event", row.EventId), ("type", row.Type));
                await AuditWriter.WriteAsync(connection, [entry], token);
                await transaction.CommitAsync(token);
            }

            return row;
        },
        cancellationToken);
}

/// <summary>A delivery as it is shown.</summary>
internal sealed record DeliveryRow
{
    public required Guid Id { get; init; }

    public required long Position { get; init; }

    public required string State { get; init; }

    public required int Attempt { get; init; }

    public required DateTime CreatedAt { get; init; }

    public DateTime? NextAt { get; init; }

    public DateTime? FinishedAt { get; init; }

    public int? Status { get; init; }

    public int? Ms { get; init; }

    public string? Error { get; init; }

    public string? Answer { get; init; }

    public required Guid EventId { get; init; }

    public required string Type { get; init; }

    public required string Subject { get; init; }

    public required string Dataset { get; init; }

    public DeliveryView ToView() => new(
        Id, new DeliveredEvent(EventId, Position, Type, Subject, Dataset), State, Attempt, CreatedAt, NextAt, FinishedAt, Status, Ms, Error, Answer);
}
