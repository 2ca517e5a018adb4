using Microsoft.Extensions.Options;
using PipelineService.Access.Tenants;
using PipelineService.Hosting.Http;

namespace PipelineService.Access.Limits;

/// <summary>
/// The limiter of all calls: each takes one of what its key and its tenant may send. Knows limits and quotas from memory alone. Who has none passes without an allocation; what is open to all, and the metrics, are never counted.
/// </summary>
internal sealed class CallLimiter(TenantRing tenants, IOptions<LimitsOptions> options, TimeProvider time)
{
    private readonly CallLimits _ofKeys = options.Value.OfKeys;
    private readonly CallLimits _ofTenants = options.Value.OfTenants;
    private readonly CallLimits _ofDatasets = options.Value.OfDatasets;

    public Quotas Quotas { get; } = new(time);

    /// <summary>The quotas of a caller and their tenant; null where there are no limits.</summary>
    public (Quota? OfKey, Quota? OfTenant) Of(Caller caller) => (
        caller.Kind == CallerKind.AdminKey ? null : Quotas.Of(QuotaKey.Of(caller), Merge(caller.Limits, _ofKeys)),
        caller.Tenant is { } tenant ? Quotas.Of(QuotaKey.OfTenant(tenant), Merge(tenants.LimitsOf(tenant), _ofTenants)) : null);

    /// <summary>The quota of uploads for a dataset; null where there are no limits.</summary>
    public Quota? OfDataset(string dataset) =>
        Quotas.Of(QuotaKey.OfDataset(dataset), Merge(tenants.LimitsOfDataset(dataset), _ofDatasets));

    /// <summary>Takes one call of each, or of none.</summary>
    /// <returns>Why not, or null.</returns>
    public static Problem? TakeCall(Quota? first, Quota? second)
    {
        if (first?.Requests is { } one && !one.TryTake(1, 1, out int waitSeconds))
        {
            return LimitProblems.Requests(first, waitSeconds);
        }

        if (second?.Requests is { } other && !other.TryTake(1, 1, out int otherWaitSeconds))
        {
            first?.Requests?.GiveBack(1);
            return LimitProblems.Requests(second, otherWaitSeconds);
        }

        return null;
    }

    /// <summary>
    /// Takes one call of what its caller may send, and tells them what is left. Nobody waits in a queue for a limit: who is refused knows
    /// when to come again.
    /// </summary>
    /// <returns>Why not, or null.</returns>
    public Problem? Take(HttpContext call)
    {
        if (call.Features.Get<Caller>() is not { } caller
            || call.GetEndpoint()?.Metadata.GetMetadata<AccessPolicy>() is not { Scope: not null, Subject: not AccessSubject.Metrics })
        {
            return null;
        }

        (Quota? key, Quota? tenant) = Of(caller);
        if (key is null && tenant is null)
        {
            return null;
        }

        Problem? problem = TakeCall(key, tenant);
        LimitFields.Tell(call.Response, key, tenant);
        return problem;
    }

    private static CallLimits Merge(CallLimits? own, CallLimits usual) =>
        own is null ? usual : usual == CallLimits.None ? own : own.Or(usual);
}
