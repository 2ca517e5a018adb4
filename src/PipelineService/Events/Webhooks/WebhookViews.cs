using System.Text.Json.Serialization;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Events.Webhooks;

/// <summary>A webhook as clients see it.</summary>
/// <param name="Types">The types of events that it is told of; null: all.</param>
/// <param name="Datasets">The datasets whose events it is told of; null: all that its maker could see.</param>
/// <param name="Headers">The names of the headers that are sent to it. Their values are shown to nobody.</param>
/// <param name="State">
/// <c>active</c>; <c>disabled</c>; or <c>owner_revoked</c>: the key by which it was made or changed last lets nobody in any more.
/// </param>
/// <param name="DisabledReason">Why the service has disabled it: it answered 410 (<c>gone</c>), or too much waited for it
/// (<c>backlog</c>).</param>
/// <param name="Tenant">The tenant whose datasets alone it is told of: that of its maker, for good.</param>
/// <param name="Source">The source of whose jobs alone it is told: that of its maker, for good.</param>
/// <param name="PreviousUntil">Until when deliveries are signed with the secret before, too; null when they are not.</param>
/// <param name="Secret">What deliveries are signed with, in the answer that made it, and never again.</param>
public sealed record WebhookView(
    string Name,
    string Url,
    IReadOnlyList<string>? Types,
    IReadOnlyList<string>? Datasets,
    IReadOnlyList<string> Headers,
    [property: Words("WebhookState", "active", "disabled", "owner_revoked")] string State,
    [property: Words("DisabledReason", "gone", "backlog")] string? DisabledReason,
    string? Tenant,
    string? Source,
    string CreatedBy,
    DateTime CreatedAt,
    DateTime UpdatedAt,
    DateTime? RotatedAt,
    DateTime? PreviousUntil,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Secret)
{
    internal static WebhookView Of(WebhookRow row, DateTime now, string? secret = null) => new(
        row.Name,
        row.Url,
        row.Types,
        row.Datasets,
        row.HeaderNames,
        row.Disabled ? "disabled" : row.IsOwnerGood ? "active" : "owner_revoked",
        row.DisabledReason,
        row.Tenant,
        row.Source,
        row.CreatedBy,
        row.CreatedAt,
        row.UpdatedAt,
        row.RotatedAt,
        row.PreviousUntil > now ? row.PreviousUntil : null,
        secret);
}

/// <summary>The webhooks that the caller may see, by name: there are few.</summary>
public sealed record WebhookList(IReadOnlyList<WebhookView> Items);

/// <summary>What a webhook is to be. What is left out is not kept, but the headers and the secret are.</summary>
/// <param name="Url">Where events are sent: https, or with <c>Events:AllowHttp</c> http.</param>
/// <param name="Types">Types of events that it is told of; left out: all.</param>
/// <param name="Datasets">Names of datasets, and beginnings of names with a star behind; left out: all.</param>
/// <param name="Headers">Headers that are sent with each event, such as <c>Authorization</c>; left out: as they are.</param>
/// <param name="Disabled">Whether nothing is sent.</param>
public sealed record WebhookRequest(
    string Url,
    IReadOnlyList<string>? Types = null,
    IReadOnlyList<string>? Datasets = null,
    IReadOnlyDictionary<string, string>? Headers = null,
    bool? Disabled = null);

/// <summary>How a secret is to be rotated.</summary>
/// <param name="Overlap">How long deliveries are signed with the one before, too, at most <c>P30D</c>; left out: <c>P1D</c>.</param>
public sealed record WebhookRotation(string? Overlap = null);

/// <summary>What an attempt at a delivery came to.</summary>
/// <param name="Delivered">Whether it was answered with 2xx.</param>
/// <param name="Status">What it was answered with; null where no answer came.</param>
/// <param name="Milliseconds">How long that took.</param>
/// <param name="Error">Why it counts as failed, in a sentence.</param>
/// <param name="Answer">The beginning of the answer's body.</param>
public sealed record DeliveryResult(bool Delivered, int? Status, int Milliseconds, string? Error, string? Answer);

/// <summary>A delivery: one event for one webhook.</summary>
/// <param name="Id">What is sent as <c>webhook-id</c>, the same with every attempt.</param>
/// <param name="State"><c>pending</c>, <c>delivered</c>, or <c>failed</c>: it is tried no more.</param>
/// <param name="Attempts">How often it was tried, since it was asked for last.</param>
/// <param name="NextAttemptAt">When it is tried next.</param>
/// <param name="Status">What the last attempt was answered with.</param>
/// <param name="Milliseconds">How long that took.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Answer">The beginning of the answer's body.</param>
public sealed record DeliveryView(
    Guid Id,
    DeliveredEvent Event,
    [property: Words("DeliveryState", "pending", "delivered", "failed")] string State,
    int Attempts,
    DateTime CreatedAt,
    DateTime? NextAttemptAt,
    DateTime? FinishedAt,
    int? Status,
    int? Milliseconds,
    string? Error,
    string? Answer);

/// <summary>The event of a delivery.</summary>
/// <param name="Position">Its place in the log.</param>
public sealed record DeliveredEvent(Guid Id, long Position, string Type, string Subject, string Dataset);

/// <summary>Some deliveries, those of the latest events first.</summary>
/// <param name="NextCursor">What to send as cursor for those that follow; null at the end.</param>
public sealed record DeliveryPage(IReadOnlyList<DeliveryView> Items, string? NextCursor);
