using PipelineService.Hosting.Http;

namespace PipelineService.Access.Tenants;

/// <summary>Every problem that the calls on tenants, and on the limits of datasets, answer with.</summary>
internal static class TenantProblems
{
    public static Problem Invalid(IReadOnlyDictionary<string, string[]> errors) => new()
    {
        Code = "invalid_limits",
        Status = StatusCodes.Status400BadRequest,
        Title = "These limits cannot be taken.",
        Detail = "All faults are listed; nothing was changed.",
        Errors = errors,
    };

    public static Problem InvalidName(string name) => new()
    {
        Code = "invalid_tenant_name",
        Status = StatusCodes.Status400BadRequest,
        Title = "No tenant can have this name.",
        Detail = $"\"{Core.Rules.Excerpt.Of(name)}\" neither matches {TenantName.Pattern}, nor is it dataset: and the name of a dataset.",
    };

    public static Problem NotFound(string name) => new()
    {
        Code = "tenant_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "Nothing is known of such a tenant.",
        Detail = $"Nothing was said of \"{Core.Rules.Excerpt.Of(name)}\", and no job of theirs waits, runs or has ended within the last hour. "
            + "GET /v1/tenants lists those of whom something is known.",
    };

    public static Problem TooMany(int max) => new()
    {
        Code = "too_many_tenants",
        Status = StatusCodes.Status409Conflict,
        Title = "There are as many tenants as may be.",
        Detail = $"Something was said of {max} tenants. DELETE those of whom nothing need be said: they have a weight of 1 and the limits of "
            + "Limits:Tenant….",
    };
}
