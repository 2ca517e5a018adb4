namespace PipelineService.Access;

/// <summary>Section <c>Access</c>: who may do what.</summary>
public sealed class AccessOptions
{
    public const string Section = "Access";

    /// <summary>
    /// Whether a service without keys answers others than its own machine, and lets all of them do everything: for a container
    /// behind something that checks who comes. Default false. Once there is a key, it means nothing.
    /// </summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>
    /// Whether every call takes a credential even while there are no keys, from this machine too. Default false. With it the
    /// service may listen on any address with keys that are in the database alone.
    /// </summary>
    public bool RequireKeys { get; init; }

    /// <summary>
    /// A secret of one's own that may do everything, for the first steps and for machines that start others: at least 32 visible
    /// ASCII characters, as <c>openssl rand -hex 32</c> prints. Default none. Give it as a variable of the environment.
    /// </summary>
    public string? AdminKey { get; init; }

    /// <summary>
    /// The secret under which keys are hashed, at least 32 characters, the same for all instances. Default none: one that lies in
    /// the database. With this one a stolen copy of the database has no secret in it, and who can write to the database cannot make
    /// keys. Another one makes all keys worthless.
    /// </summary>
    public string? HashKey { get; init; }

    /// <summary>
    /// Keys that there may be at once, all of which each instance has in memory (some 1 kB each). Default 10,000, 1 to 1,000,000.
    /// </summary>
    public int KeysMax { get; init; } = 10_000;

    /// <summary>
    /// How often it is looked whether keys were made, changed or revoked elsewhere: the longest that a revoked key goes on, where
    /// no signal comes. Default 2 s, 100 ms to 1 minute. One small query each time.
    /// </summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Whether <c>/metrics</c>, which names datasets and sources, takes no credential. Default false: it takes one with the scope
    /// <c>read</c> and without limits, as every scraper can send it.
    /// </summary>
    public bool OpenMetrics { get; init; }

    /// <summary>The issuer (<c>iss</c>) of tokens that are taken, exactly as it stands in them. Default none: no tokens.</summary>
    public string? TokenIssuer { get; init; }

    /// <summary>
    /// The audience (<c>aud</c>) that tokens must be meant for. Default none; needed with <see cref="TokenIssuer"/>.
    /// </summary>
    public string? TokenAudience { get; init; }

    /// <summary>
    /// Where the issuer's public keys are: the address of a JWKS, or a file with one. Default none: what the issuer says in
    /// <c>{TokenIssuer}/.well-known/openid-configuration</c>. Over https, or from this machine.
    /// </summary>
    public string? TokenKeys { get; init; }

    /// <summary>
    /// Signature algorithms that are taken, with blanks between. Default: all of RSA and of the NIST curves. None, and those with
    /// shared secrets, cannot be had.
    /// </summary>
    public string TokenAlgorithms { get; init; } = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512";

    /// <summary>What may stand in a token's header as <c>typ</c>, with blanks between. Default: <c>JWT at+jwt</c>.</summary>
    public string TokenTypes { get; init; } = "JWT at+jwt";

    /// <summary>
    /// The claim with the scopes: a list, or a text with blanks between. Default <c>scope</c>.
    /// </summary>
    public string TokenScopeClaim { get; init; } = "scope";

    /// <summary>
    /// What stands in front of our scopes there. Default <c>pipeline:</c>, as in <c>pipeline:ingest</c>. Others are passed over.
    /// </summary>
    public string TokenScopePrefix { get; init; } = "pipeline:";

    /// <summary>
    /// The claim with the datasets, as keys have them (<c>trips</c>, <c>acme_*</c>, <c>*</c>). Default none: all. When it is set, tokens
    /// without it are refused.
    /// </summary>
    public string? TokenDatasetsClaim { get; init; }

    /// <summary>
    /// The claim with the tenant; <c>*</c> there is no limit. Default none: no limit. When it is set, tokens without it are refused.
    /// </summary>
    public string? TokenTenantClaim { get; init; }

    /// <summary>
    /// The claim with the source; <c>*</c> there is no limit. Default none: no limit. When it is set, tokens without it are refused.
    /// </summary>
    public string? TokenSourceClaim { get; init; }

    /// <summary>How far the issuer's clock may be off. Default 30 s, 0 to 5 minutes.</summary>
    public TimeSpan TokenClockSkew { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether tokens are taken.</summary>
    internal bool TakesTokens => TokenIssuer is not null;

    /// <summary>Whether nobody is let in without a credential, whatever keys there are.</summary>
    internal bool AlwaysTakesCredentials => RequireKeys || AdminKey is not null || TakesTokens;
}
