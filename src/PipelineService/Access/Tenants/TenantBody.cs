using System.Text.Json;
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
        (JsonDocument? json, Problem? problem) = await BoundedJson.ReadAsync(
            request, TenantProblems.Invalid, isOptional: false, cancellationToken);
        if (json is null)
        {
            return (null, problem);
        }

        using (json)
        {
            Dictionary<string, string[]> faults = [];
            JsonElement body = json.RootElement;
            BoundedJson.CheckMembers(body, "", Members, faults);
            TenantRow row = new()
            {
                Name = name,
                Weight = (int)(BoundedJson.WholeNumber(body, "", Members[0], 1, Share.WeightMax, faults) ?? 1),
                SessionsMax = (int?)BoundedJson.WholeNumber(body, "", Members[1], 1, SessionsMax, faults),
                QueuedBytesMax = BoundedJson.WholeNumber(body, "", Members[2], 1, QueuedBytesMax, faults),
                Limits = LimitsBody.Of(body, faults)?.ToJson(),
            };
            return faults.Count == 0 ? (row, null) : (null, TenantProblems.Invalid(faults));
        }
    }

    public static async Task<(CallLimits? Limits, Problem? Problem)> ReadLimitsAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonDocument? json, Problem? problem) = await BoundedJson.ReadAsync(
            request, TenantProblems.Invalid, isOptional: false, cancellationToken);
        if (json is null)
        {
            return (null, problem);
        }

        using (json)
        {
            Dictionary<string, string[]> faults = [];
            CallLimits? limits = LimitsBody.Read(json.RootElement, "", faults);
            return faults.Count == 0 ? (limits, null) : (null, TenantProblems.Invalid(faults));
        }
    }
}
