using System.Text.Json;
using System.Xml;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Access.Keys;

/// <summary>The bodies of requests about keys: bounded, strict JSON, or a problem.</summary>
internal static class KeyBody
{
    public const int BytesMax = 64 << 10;

    private const string Overlap = "overlap";

    private static readonly TimeSpan OverlapMax = TimeSpan.FromDays(30);

    /// <summary>How long the key before goes on after a rotation, where nobody says.</summary>
    public static readonly TimeSpan OverlapDefault = TimeSpan.FromDays(1);

    /// <summary>What a key is to be.</summary>
    public static async Task<(KeyGrant? Grant, Problem? Problem)> ReadGrantAsync(
        HttpRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        (JsonDocument? json, Problem? problem) = await ReadAsync(request, isOptional: false, cancellationToken);
        if (json is null)
        {
            return (null, problem);
        }

        using (json)
        {
            Dictionary<string, string[]> faults = [];
            KeyGrantReader reader = new(faults, time);
            CheckMembers(json.RootElement, KeyGrantReader.Members, reader);
            KeyGrant grant = new()
            {
                Name = reader.Name(TextOf(json.RootElement, "name", reader)) ?? "",
                Scopes = reader.Scopes(ListOf(json.RootElement, "scopes", reader)),
                Datasets = reader.Datasets(ListOf(json.RootElement, "datasets", reader)),
                Source = reader.Text("source", TextOf(json.RootElement, "source", reader)),
                Tenant = reader.Tenant(TextOf(json.RootElement, "tenant", reader)),
                ExpiresAt = reader.ExpiresAt(TextOf(json.RootElement, "expiresAt", reader)),
            };
            return faults.Count == 0 ? (grant, null) : (null, KeyProblems.Invalid(faults));
        }
    }

    /// <summary>How long the key before is to go on; without a body a day.</summary>
    public static async Task<(TimeSpan Overlap, Problem? Problem)> ReadOverlapAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        (JsonDocument? json, Problem? problem) = await ReadAsync(request, isOptional: true, cancellationToken);
        if (json is null)
        {
            return (OverlapDefault, problem);
        }

        using (json)
        {
            Dictionary<string, string[]> faults = [];
            KeyGrantReader reader = new(faults, TimeProvider.System);
            CheckMembers(json.RootElement, [Overlap], reader);
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

    private static async Task<(JsonDocument? Json, Problem? Problem)> ReadAsync(
        HttpRequest request, bool isOptional, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BytesMax + 1];
        int length = request.ContentLength > BytesMax
            ? buffer.Length
            : await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length == 0 && isOptional)
        {
            return (null, null);
        }

        if (length > BytesMax)
        {
            return (null, ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, $"It has at most {BytesMax} bytes."));
        }

        if (!string.IsNullOrEmpty(request.ContentType) && !request.HasJsonContentType())
        {
            return (null, ErrorAnswers.Describe(
                StatusCodes.Status415UnsupportedMediaType,
                "Send it as application/json: with curl, -H 'Content-Type: application/json'."));
        }

        if (StrictJson.FaultOf(buffer.AsSpan(0, length)) is { } fault)
        {
            return (null, ErrorAnswers.Describe(StatusCodes.Status400BadRequest, fault));
        }

        var json = JsonDocument.Parse(buffer.AsMemory(0, length), new JsonDocumentOptions { MaxDepth = StrictJson.DepthMax });
        if (json.RootElement.ValueKind == JsonValueKind.Object)
        {
            return (json, null);
        }

        json.Dispose();
        return (null, KeyProblems.Invalid(new Dictionary<string, string[]> { [""] = ["Must be an object."] }));
    }

    private static void CheckMembers(JsonElement body, string[] known, KeyGrantReader reader)
    {
        foreach (JsonProperty member in body.EnumerateObject().Where(member => !known.Contains(member.Name)).Take(Problem.UnknownShownMax))
        {
            string shown = Core.Rules.Excerpt.Of(member.Name);
            reader.Add(shown, $"There is no such member.{Suggestion.For(member.Name, known)} There are {string.Join(", ", known)}.");
        }
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
