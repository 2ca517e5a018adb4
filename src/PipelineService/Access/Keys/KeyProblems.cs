using PipelineService.Hosting.Http;

namespace PipelineService.Access.Keys;

/// <summary>Every problem that the calls on keys answer with.</summary>
internal static class KeyProblems
{
    public static Problem NotFound(string id) => new()
    {
        Code = "key_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "There is no such key.",
        Detail = $"No key that lets anybody in has the id \"{Core.Rules.Excerpt.Of(id)}\". GET /v1/keys lists them.",
    };

    public static Problem Invalid(IReadOnlyDictionary<string, string[]> errors) => new()
    {
        Code = "invalid_key_request",
        Status = StatusCodes.Status400BadRequest,
        Title = "This cannot be asked of a key.",
        Detail = "All faults are listed; nothing was changed.",
        Errors = errors,
    };

    public static Problem TooWide { get; } = new()
    {
        Code = "key_too_wide",
        Status = StatusCodes.Status403Forbidden,
        Title = "The key would be allowed more than its maker.",
        Detail = "The caller is limited to some datasets, a source or a tenant, and so must be what it makes: name datasets among its own, "
            + "and its own source and tenant.",
    };

    public static Problem TooMany(int max) => new()
    {
        Code = "too_many_keys",
        Status = StatusCodes.Status409Conflict,
        Title = "There are as many keys as may be.",
        Detail = $"There are {max} of them (Access:KeysMax). Revoke those that nobody uses.",
    };

    public static Problem FirstIsNotAdmin { get; } = new()
    {
        Code = "first_key_not_admin",
        Status = StatusCodes.Status409Conflict,
        Title = "The first key must be one that can make others.",
        Detail = "From the first key on every call takes one. Make one with the scope admin, without datasets, source and tenant, and with "
            + "it the others.",
    };

    /// <summary>In an outage at the start: keys are not known, and nobody is let in on a guess.</summary>
    public static Problem NotAtHand { get; } = new()
    {
        Code = "database_unavailable",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "The database cannot be used.",
        Detail = "It has not been reached since the service started, so that the keys are not known yet. Try again.",
        RetryAfterSeconds = 5,
    };
}
