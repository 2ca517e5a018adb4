using System.Xml;
using PipelineService.Access.Limits;
using PipelineService.Hosting.Http;

namespace PipelineService.Access.Keys;

/// <summary>The bodies of requests about keys: bounded, strict JSON, or a problem.</summary>
internal static class KeyBody
{
    private const string Overlap = "overlap";

    private static readonly TimeSpan OverlapMax = TimeSpan.FromDays(30);

    /// <summary>How long the key before goes on after a rotation, where nobody says.</summary>
    public static readonly TimeSpan OverlapDefault = TimeSpan.FromDays(1);

    /// <summary>What a key is to be.</summary>
    public static async Task<(KeyGrant? Grant, Problem? Problem)> ReadGrantAsync(
        HttpRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        (JsonBody? body, Problem? problem) = await JsonBody.ReadAsync(request, isOptional: false, KeyProblems.Invalid, cancellationToken);
        if (body is null)
        {
            return (null, problem);
        }

        using (body)
        {
            KeyGrantReader reader = new(body.Faults, time);
            body.CheckMembers(KeyGrantReader.Members);
            KeyGrant grant = new()
            {
                Name = reader.Name(body.Text("name")) ?? "",
                Scopes = reader.Scopes(body.Texts("scopes")),
                Datasets = reader.Datasets(body.Texts("datasets")),
                Source = reader.Text("source", body.Text("source")),
                Tenant = reader.Tenant(body.Text("tenant")),
                ExpiresAt = reader.ExpiresAt(body.Text("expiresAt")),
                Limits = LimitsBody.Of(body),
            };
            return body.Faults.Count == 0 ? (grant, null) : (null, KeyProblems.Invalid(body.Faults));
        }
    }

    /// <summary>What the limits of a key are to be from now on; null: those of <c>Limits:Key…</c>.</summary>
    public static async Task<(CallLimits? Limits, Problem? Problem)> ReadLimitsAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonBody? body, Problem? problem) = await JsonBody.ReadAsync(request, isOptional: false, KeyProblems.Invalid, cancellationToken);
        if (body is null)
        {
            return (null, problem);
        }

        using (body)
        {
            body.CheckMembers(LimitsBody.Member);
            CallLimits? limits = LimitsBody.Of(body);
            if (!body.Has(LimitsBody.Member))
            {
                body.Add(LimitsBody.Member, "Is missing: what a key may do cannot be changed, but how much. null: what Limits:Key… say.");
            }

            return body.Faults.Count == 0 ? (limits, null) : (null, KeyProblems.Invalid(body.Faults));
        }
    }

    /// <summary>How long the key before is to go on; without a body a day.</summary>
    public static async Task<(TimeSpan Overlap, Problem? Problem)> ReadOverlapAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonBody? body, Problem? problem) = await JsonBody.ReadAsync(request, isOptional: true, KeyProblems.Invalid, cancellationToken);
        if (body is null)
        {
            return (OverlapDefault, problem);
        }

        using (body)
        {
            body.CheckMembers(Overlap);
            TimeSpan overlap = OverlapOf(body.Text(Overlap), new KeyGrantReader(body.Faults, TimeProvider.System));
            return (overlap, body.Faults.Count == 0 ? null : KeyProblems.Invalid(body.Faults));
        }
    }

    public static TimeSpan OverlapOf(string? text, KeyGrantReader reader)
    {
        TimeSpan overlap = OverlapDefault;
        try
        {
            overlap = text is null ? overlap : XmlConvert.ToTimeSpan(text);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            reader.Add(Overlap, $"\"{Core.Rules.Excerpt.Of(text!)}\" is not a time, such as PT1H or P7D.");
        }

        if (overlap < TimeSpan.Zero || overlap > OverlapMax)
        {
            reader.Add(Overlap, "Must be from PT0S to P30D.");
        }

        return overlap;
    }
}
