using PipelineService.Hosting.Http;

namespace PipelineService.Access;

/// <summary>Every problem that the gate answers with.</summary>
internal static class AccessProblems
{
    private const string Challenge = "WWW-Authenticate";

    private const string HowToSend =
        "Send a key: Authorization: Bearer pls_…, or X-Api-Key: pls_…. Whoever runs the service makes it (POST /v1/keys).";

    public static Problem NoCredential { get; } = Unauthorized(HowToSend, "Bearer realm=\"pipeline\"");

    /// <summary>Neither of them says anything about what is known here.</summary>
    public static Problem BadCredential { get; } = Refused("The credential is not known here, or not valid any more.");

    public static Problem SeveralCredentials { get; } = Refused(
        "Several credentials were sent, and it is not guessed which is meant: send one, in Authorization or in X-Api-Key.");

    public static Problem OtherScheme { get; } = Refused("Authorization is taken with the scheme Bearer alone.");

    /// <summary>Only who holds the key learns that.</summary>
    public static Problem Expired { get; } = Refused("The key has expired. Ask for a new one.");

    public static Problem MissingScope(AccessScope scope)
    {
        string name = AccessScopes.Of(scope).ToString();
        return ErrorAnswers.Describe(
            StatusCodes.Status403Forbidden,
            $"This call takes the scope {name}, which the credential does not have. Ask whoever gave it to you.") with
        {
            Accepts = (Challenge, $"Bearer realm=\"pipeline\", error=\"insufficient_scope\", scope=\"{name}\""),
        };
    }

    public static Problem Limited { get; } = ErrorAnswers.Describe(
        StatusCodes.Status403Forbidden,
        "This call is about the service as a whole. The credential is limited to some datasets, a source or a tenant.");

    public static Problem LoopbackOnly { get; } = new()
    {
        Code = "loopback_only",
        Status = StatusCodes.Status403Forbidden,
        Title = "Without keys the service answers its own machine alone.",
        Detail = "The request came from another machine, through a proxy, or from a web page of another origin. Make an admin key on the "
            + "service's machine (POST /v1/keys there, or: PipelineService keys create admin --scopes admin), or set Access:AdminKey; "
            + "then send a key with every request. docs/access.md shows it step by step.",
    };

    public static Problem ProviderUnavailable { get; } = new()
    {
        Code = "identity_provider_unavailable",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "Tokens cannot be checked now.",
        Detail = "The keys of the identity provider could not be fetched yet, so no token can be told from a forged one. Try again.",
        RetryAfterSeconds = 5,
    };

    private static Problem Refused(string detail) =>
        Unauthorized(detail, "Bearer realm=\"pipeline\", error=\"invalid_token\"");

    private static Problem Unauthorized(string detail, string challenge) =>
        ErrorAnswers.Describe(StatusCodes.Status401Unauthorized, detail) with { Accepts = (Challenge, challenge) };
}
