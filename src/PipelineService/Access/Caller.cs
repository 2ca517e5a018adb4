using PipelineService.Access.Limits;

namespace PipelineService.Access;

/// <summary>By what somebody is known.</summary>
public enum CallerKind
{
    /// <summary>By nothing: somebody on this machine, while there are no keys.</summary>
    Anonymous,

    /// <summary>By a key that was made here.</summary>
    Key,

    /// <summary>By <c>Access:AdminKey</c>.</summary>
    AdminKey,

    /// <summary>By a token of the OpenID provider.</summary>
    Token,
}

/// <summary>
/// Who sends a request, and what they may do: the one place that says so, a feature of the request's context. Immutable; all
/// requests with one key share it.
/// </summary>
public sealed record Caller
{
    /// <summary>Whoever may reach a service that has no keys: may do everything.</summary>
    public static Caller Anonymous { get; } = new()
    {
        Kind = CallerKind.Anonymous,
        Actor = "anonymous",
        Scopes = AccessScopes.All,
        Datasets = DatasetPatterns.All,
    };

    public required CallerKind Kind { get; init; }

    /// <summary>The key's name, the token's subject, <c>admin</c> or <c>anonymous</c>. Text of others: it may hold anything.</summary>
    public required string Actor { get; init; }

    /// <summary>The key, of <see cref="CallerKind.Key"/> alone. It stays when the key is rotated.</summary>
    public Guid? KeyId { get; init; }

    public required AccessScopes Scopes { get; init; }

    public required DatasetPatterns Datasets { get; init; }

    /// <summary>The source that all their uploads carry, and the only one whose jobs they see; null: any.</summary>
    public string? Source { get; init; }

    /// <summary>The tenant whose datasets alone they see; null: those of all tenants, and of none.</summary>
    public string? Tenant { get; init; }

    /// <summary>How much they may send; where it says nothing, <c>Limits:Key…</c> do.</summary>
    public CallLimits? Limits { get; init; }

    /// <summary>Whether there may be datasets, or tables of datasets, that they do not see.</summary>
    public bool IsLimited => Tenant is not null || !Datasets.IsAll;

    public bool Has(AccessScope scope) => Scopes.Has(scope);

    /// <summary>Whether they may know that there is this dataset.</summary>
    /// <param name="tenant">Whose it is; null: nobody's.</param>
    public bool Sees(string dataset, string? tenant) =>
        (Tenant is null || Tenant == tenant) && Datasets.Match(dataset);

    /// <summary>Whether they may know that there is this job.</summary>
    /// <param name="source">The source of its upload.</param>
    public bool Sees(string dataset, string? tenant, string? source) =>
        Sees(dataset, tenant) && (Source is null || Source == source);

    /// <summary>Whether what somebody else may do is no more than what they may do themselves.</summary>
    public bool Covers(DatasetPatterns datasets, string? source, string? tenant) =>
        (Tenant is null || Tenant == tenant) && (Source is null || Source == source) && Datasets.Cover(datasets);
}

/// <summary>Where the caller of a request is found.</summary>
public static class CallerExtensions
{
    /// <exception cref="InvalidOperationException">The request has not passed <see cref="AccessGate"/>.</exception>
    public static Caller GetCaller(this HttpContext context) => context.Features.Get<Caller>()
        ?? throw new InvalidOperationException("Nobody has asked who sends this request.");
}
