using System.Text.Json.Serialization;
using PipelineService.Access.Limits;

namespace PipelineService.Access.Keys;

/// <summary>A key as clients see it.</summary>
/// <param name="Key">Its text, in the answer that made it, and never again: nobody has it but who was given it.</param>
/// <param name="Datasets">Names, beginnings of names with a star behind, or a star alone.</param>
/// <param name="Source">The source that all uploads with it carry; null: any.</param>
/// <param name="Tenant">The tenant whose datasets alone it sees; null: all.</param>
/// <param name="Limits">How much it may send to an instance; null: what <c>Limits:Key…</c> say.</param>
/// <param name="PreviousUntil">Until when the key as it was before the last rotation goes on; null when it does not.</param>
public sealed record KeyView(
    Guid Id,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key,
    string Name,
    IReadOnlyList<AccessScope> Scopes,
    IReadOnlyList<string> Datasets,
    string? Source,
    string? Tenant,
    KeyState State,
    string CreatedBy,
    DateTime CreatedAt,
    DateTime? RotatedAt,
    DateTime? PreviousUntil,
    DateTime? ExpiresAt,
    DateTime? RevokedAt,
    CallLimits? Limits)
{
    internal static KeyView Of(KeyRow row, DateTime now, string? text = null) => new(
        row.Id,
        text,
        row.Name,
        [.. row.Scopes.Select(name => Enum.Parse<AccessScope>(name, ignoreCase: true))],
        row.Datasets,
        row.Source,
        row.Tenant,
        row.RevokedAt is not null ? KeyState.Revoked : row.ExpiresAt <= now ? KeyState.Expired : KeyState.Active,
        row.CreatedBy,
        row.CreatedAt,
        row.RotatedAt,
        row.PreviousUntil > now ? row.PreviousUntil : null,
        row.ExpiresAt,
        row.RevokedAt,
        CallLimits.OfJson(row.Limits));
}

/// <summary>Whether a key lets anybody in.</summary>
public enum KeyState
{
    Active,
    Expired,
    Revoked,
}

/// <summary>Some keys, newest first.</summary>
/// <param name="NextCursor">What to send as cursor for those that follow; null at the end.</param>
public sealed record KeyPage(IReadOnlyList<KeyView> Items, string? NextCursor);

/// <summary>What a new key is to be.</summary>
/// <param name="Name">Whose it is, for lists and logs: 1 to 100 characters.</param>
/// <param name="Datasets">Names, beginnings of names with a star behind, or a star alone; left out: all.</param>
/// <param name="Source">The source that all uploads with it are to carry; left out: any.</param>
/// <param name="Tenant">The tenant whose datasets alone it is to see; left out: that of the caller.</param>
/// <param name="ExpiresAt">When it ends by itself; left out: never.</param>
/// <param name="Limits">How much it may send to an instance; left out: what <c>Limits:Key…</c> say.</param>
public sealed record KeyRequest(
    string Name,
    IReadOnlyList<AccessScope> Scopes,
    IReadOnlyList<string>? Datasets = null,
    string? Source = null,
    string? Tenant = null,
    DateTimeOffset? ExpiresAt = null,
    CallLimits? Limits = null);

/// <summary>What is to be another with a key.</summary>
/// <param name="Limits">How much it may send to an instance, all of it; null: what <c>Limits:Key…</c> say.</param>
public sealed record KeyChange(CallLimits? Limits);

/// <summary>How a key is to be rotated.</summary>
/// <param name="Overlap">How long the key as it was goes on, as ISO 8601 writes times, at most <c>P30D</c>; left out: <c>P1D</c>.</param>
public sealed record KeyRotation(string? Overlap = null);
