using PipelineService.Access.Limits;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;

namespace PipelineService.Access.Tenants;

/// <summary>The bodies that say something of tenants, and of the limits of datasets: bounded, strict JSON, or a problem.</summary>
internal static class TenantBody
{
    private const int SessionsMax = 500;
    private const long QueuedBytesMax = 1L << 50;

    private static readonly string[] Members = ["weight", "sessionsMax", "queuedBytesMax", LimitsBody.Member];

    public static async Task<(TenantRow? Tenant, Problem? Problem)> ReadAsync(
        string name, HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonBody? body, Problem? problem) = await JsonBody.ReadAsync(request, isOptional: false, TenantProblems.Invalid, cancellationToken);
        if (body is null)
        {
            return (null, problem);
        }

        using (body)
        {
            body.CheckMembers(Members);
            TenantRow row = new()
            {
                Name = name,
                Weight = (int)(body.WholeNumber(Members[0], 1, Share.WeightMax) ?? 1),
                SessionsMax = (int?)body.WholeNumber(Members[1], 1, SessionsMax),
                QueuedBytesMax = body.WholeNumber(Members[2], 1, QueuedBytesMax),
                Limits = LimitsBody.Of(body)?.ToJson(),
            };
            return body.Faults.Count == 0 ? (row, null) : (null, TenantProblems.Invalid(body.Faults));
        }
    }

    public static async Task<(CallLimits? Limits, Problem? Problem)> ReadLimitsAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonBody? body, Problem? problem) = await JsonBody.ReadAsync(request, isOptional: false, TenantProblems.Invalid, cancellationToken);
        if (body is null)
        {
            return (null, problem);
        }

        using (body)
        {
            CallLimits? limits = LimitsBody.Read(body);
            return body.Faults.Count == 0 ? (limits, null) : (null, TenantProblems.Invalid(body.Faults));
        }
    }
}
