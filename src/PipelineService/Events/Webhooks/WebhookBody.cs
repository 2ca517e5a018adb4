using System.Text.RegularExpressions;
using PipelineService.Access;
using PipelineService.Access.Keys;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Events.Webhooks;

/// <summary>The bodies of requests about webhooks.</summary>
internal static partial class WebhookBody
{
    public const string NamePattern = "^[a-z][a-z0-9_-]{0,62}$";

    private const string Overlap = "overlap";

    public static async Task<(WebhookSettings? Settings, Problem? Problem)> ReadSettingsAsync(
        string name, HttpRequest request, EventsOptions options, CancellationToken cancellationToken)
    {
        (JsonBody? body, Problem? problem) = await JsonBody.ReadAsync(request, isOptional: false, WebhookProblems.Invalid, cancellationToken);
        if (body is null)
        {
            return (null, problem);
        }

        using (body)
        {
            body.CheckMembers("url", "types", "datasets", "headers", "disabled");
            if (!Name().IsMatch(name))
            {
                body.Add("name", $"\"{Core.Rules.Excerpt.Of(name)}\" does not match {NamePattern}.");
            }

            WebhookSettings settings = new(
                UrlOf(body, options), TypesOf(body), DatasetsOf(body), HeadersOf(body), body.Flag("disabled") ?? false);
            return body.Faults.Count == 0 ? (settings, null) : (null, WebhookProblems.Invalid(body.Faults));
        }
    }

    /// <summary>How long the secret before goes on; without a body a day.</summary>
    public static async Task<(TimeSpan Overlap, Problem? Problem)> ReadOverlapAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonBody? body, Problem? problem) = await JsonBody.ReadAsync(request, isOptional: true, WebhookProblems.Invalid, cancellationToken);
        if (body is null)
        {
            return (KeyBody.OverlapDefault, problem);
        }

        using (body)
        {
            body.CheckMembers(Overlap);
            TimeSpan overlap = KeyBody.OverlapOf(body.Text(Overlap), new KeyGrantReader(body.Faults, TimeProvider.System));
            return (overlap, body.Faults.Count == 0 ? null : WebhookProblems.Invalid(body.Faults));
        }
    }

    private static string UrlOf(JsonBody body, EventsOptions options)
    {
        string? url = body.Text("url");
        string? fault = url is null ? "Is missing: say where events are to be sent." : WebhookAddress.FaultOf(url, options);
        if (fault is not null && !body.Faults.ContainsKey("/url"))
        {
            body.Add("url", fault);
        }

        return url ?? "";
    }

    private static string[]? TypesOf(JsonBody body)
    {
        List<string>? types = body.Texts("types");
        string[] unknown = [.. (types ?? []).Except(EventTypes.All)];
        if (unknown.Length > 0)
        {
            body.Add("types", [.. unknown.Select(type =>
                $"\"{Core.Rules.Excerpt.Of(type)}\" is none of {string.Join(", ", EventTypes.All)}.{Suggestion.For(type, EventTypes.All)}")]);
        }
        else if (types is { Count: 0 })
        {
            body.Add("types", "Names none. Leave it out for all types.");
        }

        return types?.Distinct().ToArray();
    }

    private static DatasetPatterns? DatasetsOf(JsonBody body) =>
        body.Texts("datasets") is { } datasets ? new KeyGrantReader(body.Faults, TimeProvider.System).Datasets(datasets) : null;

    private static Dictionary<string, string>? HeadersOf(JsonBody body)
    {
        Dictionary<string, string>? headers = body.Pairs("headers");
        if (headers is not null && WebhookHeaders.FaultsOf(headers) is { Length: > 0 } faults)
        {
            body.Add("headers", faults);
        }

        return headers;
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_-]{0,62}\z")]
    private static partial Regex Name();
}
