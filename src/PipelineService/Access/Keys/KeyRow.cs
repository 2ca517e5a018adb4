using PipelineService.Access.Limits;

namespace PipelineService.Access.Keys;

/// <summary>A row of <c>pipeline.api_keys</c>.</summary>
internal sealed record KeyRow
{
    public required Guid Id { get; init; }

    public required string Name { get; init; }

    public required string[] Scopes { get; init; }

    public required string[] Datasets { get; init; }

    public string? Source { get; init; }

    public string? Tenant { get; init; }

    /// <summary>Of the key as it is now: 32 bytes.</summary>
    public required byte[] Hash { get; init; }

    /// <summary><see cref="KeyHasher.Mark"/> of the secret that the hashes were made with.</summary>
    public required string HashedWith { get; init; }

    /// <summary>Of the key as it was before it was rotated; good until <see cref="PreviousUntil"/>.</summary>
    public byte[]? PreviousHash { get; init; }

    public DateTime? PreviousUntil { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTime CreatedAt { get; init; }

    public DateTime? RotatedAt { get; init; }

    public DateTime? ExpiresAt { get; init; }

    public DateTime? RevokedAt { get; init; }

    /// <summary><see cref="CallLimits"/> as JSON text; null for none.</summary>
    public string? Limits { get; init; }

    public Caller ToCaller() => new()
    {
        Kind = CallerKind.Key,
        Actor = Name,
        KeyId = Id,
        Scopes = AccessScopes.OfNames(Scopes),
        Datasets = DatasetPatterns.Of(Datasets),
        Source = Source,
        Tenant = Tenant,
        Limits = CallLimits.OfJson(Limits),
    };

    public bool IsSeenBy(Caller caller) => caller.Covers(DatasetPatterns.Of(Datasets), Source, Tenant);
}
