namespace PipelineService.Access.Tokens;

/// <summary>What the claims of a token that was checked say of its holder.</summary>
internal sealed class TokenClaims(AccessOptions options)
{
    private const string Unlimited = "*";
    private const int ActorLengthMax = 200;

    /// <summary>Who it is: the person, else the program.</summary>
    private static readonly string[] OfActor = ["sub", "client_id", "azp"];

    /// <param name="fault">What is missing, or makes no sense; null when it is a caller.</param>
    public Caller? CallerOf(IDictionary<string, object> claims, out string? fault)
    {
        fault = null;
        string[] datasets = options.TokenDatasetsClaim is { } claim ? TextsOf(claims, claim) : [DatasetPatterns.AnyDataset];
        string? tenant = LimitOf(claims, options.TokenTenantClaim, ref fault);
        string? source = LimitOf(claims, options.TokenSourceClaim, ref fault);
        fault ??= datasets.Length is 0 or > DatasetPatterns.CountMax || !datasets.All(DatasetPatterns.IsValid)
            ? $"The claim {options.TokenDatasetsClaim} names no datasets, or names that none can have."
            : tenant is not null && !TenantName.IsValid(tenant) ? $"The claim {options.TokenTenantClaim} is no name of a tenant."
            : null;
        return fault is not null ? null : new Caller
        {
            Kind = CallerKind.Token,
            Actor = OfActor.Select(name => claims.TryGetValue(name, out object? value) ? value as string : null)
                .FirstOrDefault(text => !string.IsNullOrEmpty(text)) is { } actor
                    ? actor[..Math.Min(actor.Length, ActorLengthMax)]
                    : "token",
            Scopes = AccessScopes.OfNames(
                TextsOf(claims, options.TokenScopeClaim)
                    .Where(text => text.StartsWith(options.TokenScopePrefix, StringComparison.Ordinal))
                    .Select(text => text[options.TokenScopePrefix.Length..])),
            Datasets = DatasetPatterns.Of(datasets),
            Tenant = tenant,
            Source = source,
        };
    }

    private static string? LimitOf(IDictionary<string, object> claims, string? claim, ref string? fault)
    {
        if (claim is null)
        {
            return null;
        }

        if (!claims.TryGetValue(claim, out object? value) || value is not string { Length: > 0 and <= 100 } text || text.Any(char.IsControl))
        {
            fault ??= $"The claim {claim} is missing, or not a text of 1 to 100 characters.";
            return null;
        }

        return text == Unlimited ? null : text;
    }

    /// <summary>A list of texts, or a text with blanks between.</summary>
    private static string[] TextsOf(IDictionary<string, object> claims, string claim) =>
        !claims.TryGetValue(claim, out object? value) ? []
        : value is string text ? text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        : value is IEnumerable<object> list ? [.. list.OfType<string>()]
        : [];
}
