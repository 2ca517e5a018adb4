using PipelineService.Access.Limits;

namespace PipelineService.Access.Keys;

/// <summary>What a key that is to be made may do, checked.</summary>
internal sealed record KeyGrant
{
    public const int TextLengthMax = 100;

    public required string Name { get; init; }

    public required AccessScopes Scopes { get; init; }

    public required DatasetPatterns Datasets { get; init; }

    public string? Source { get; init; }

    public string? Tenant { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Where it says nothing, <c>Limits:Key…</c> do.</summary>
    public CallLimits? Limits { get; init; }

    /// <summary>Whether it may do everything for everybody: what the first key must, or nobody could make the next.</summary>
    public bool IsUnlimitedAdmin =>
        Scopes.Has(AccessScope.Admin) && Datasets.IsAll && Source is null && Tenant is null;
}
