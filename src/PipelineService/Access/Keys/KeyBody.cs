using System.Text.Json;
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
        (JsonDocument? json, Problem? problem) = await BoundedJson.ReadAsync(request, KeyProblems.Invalid, isOptional: false, cancellationToken);
        if (json is null)
        {
            return (null, problem);
        }

        using (json)
        {
            Dictionary<string, string[]> faults = [];
            KeyGrantReader reader = new(faults, time);
            BoundedJson.CheckMembers(json.RootElement, "", KeyGrantReader.Members, faults);
            KeyGrant grant = new()
            {
                Name = reader.Name(TextOf(json.RootElement, "name", reader)) ?? "",
                Scopes = reader.Scopes(ListOf(json.RootElement, "scopes", reader)),
                Datasets = reader.Datasets(ListOf(json.RootElement, "datasets", reader)),
                Source = reader.Text("source", TextOf(json.RootElement, "source", reader)),
                Tenant = reader.Tenant(TextOf(json.RootElement, "tenant", reader)),
                ExpiresAt = reader.ExpiresAt(TextOf(json.RootElement, "expiresAt", reader)),
                Limits = LimitsBody.Of(json.RootElement, faults),
            };
            return faults.Count == 0 ? (grant, null) : (null, KeyProblems.Invalid(faults));
        }
    }

    /// <summary>What the limits of a key are to be from now on; null: those of <c>Limits:Key…</c>.</summary>
    public static async Task<(CallLimits? Limits, Problem? Problem)> ReadLimitsAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonDocument? json, Problem? problem) = await BoundedJson.ReadAsync(
            request, KeyProblems.Invalid, isOptional: false, cancellationToken);
        if (json is null)
        {
            return (null, problem);
        }

        using (json)
        {
            Dictionary<string, string[]> faults = [];
            BoundedJson.CheckMembers(json.RootElement, "", [LimitsBody.Member], faults);
            CallLimits? limits = LimitsBody.Of(json.RootElement, faults);
            if (!json.RootElement.TryGetProperty(LimitsBody.Member, out _))
            {
                faults[$"/{LimitsBody.Member}"] = ["Is missing: what a key may do cannot be changed, but how much. null: what Limits:Key… say."];
            }

            return faults.Count == 0 ? (limits, null) : (null, KeyProblems.Invalid(faults));
        }
    }

    /// <summary>How long the key before is to go on; without a body a day.</summary>
    public static async Task<(TimeSpan Overlap, Problem? Problem)> ReadOverlapAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonDocument? json, Problem? problem) = await BoundedJson.ReadAsync(request, KeyProblems.Invalid, isOptional: true, cancellationToken);
        if (json is null)
        {
            return (OverlapDefault, problem);
        }

        using (json)
        {
            Dictionary<string, string[]> faults = [];
            KeyGrantReader reader = new(faults, TimeProvider.System);
            BoundedJson.CheckMembers(json.RootElement, "", [Overlap], faults);
            TimeSpan overlap = OverlapOf(TextOf(json.RootElement, Overlap, reader), reader);
            return (overlap, faults.Count == 0 ? null : KeyProblems.Invalid(faults));
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

    private static string? TextOf(JsonElement body, string name, KeyGrantReader reader)
    {
        if (!body.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && Read(value) is { } text)
        {
            return text;
        }

        reader.Add(name, "Must be a text.");
        return null;
    }

    private static List<string>? ListOf(JsonElement body, string name, KeyGrantReader reader)
    {
        if (!body.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        List<string?> texts = value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? Read(item) : null)]
            : [null];
        if (!texts.Contains(null))
        {
            return texts!;
        }

        reader.Add(name, "Must be a list of texts.");
        return null;
    }

    /// <summary>Null for what PostgreSQL cannot store: U+0000.</summary>
    private static string? Read(JsonElement value) =>
        value.GetString() is { } text && RequestText.IsStorable(text) ? text : null;
}
