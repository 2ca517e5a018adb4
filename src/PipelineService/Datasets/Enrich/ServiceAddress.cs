using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace PipelineService.Datasets.Enrich;

/// <summary>The address of a service that is asked by GET: with places for inputs, <c>http://geo/{ip}</c>.</summary>
public static partial class ServiceAddress
{
    /// <summary>The inputs that it has places for.</summary>
    public static IReadOnlyList<string> PlacesOf(Uri url) =>
        [.. PlaceForm().Matches(Uri.UnescapeDataString(url.OriginalString)).Select(match => match.Groups[1].Value).Distinct()];

    /// <summary>The address of a question.</summary>
    /// <param name="url">That of the service.</param>
    /// <param name="input">A JSON object.</param>
    public static Uri Of(Uri url, byte[] input)
    {
        using var json = JsonDocument.Parse(input);
        HashSet<string> placed = new(StringComparer.Ordinal);
        StringBuilder address = new(PlaceForm().Replace(url.OriginalString, place =>
        {
            placed.Add(place.Groups[1].Value);
            return json.RootElement.TryGetProperty(place.Groups[1].Value, out JsonElement value) ? TextOf(value) : "";
        }));
        char next = url.OriginalString.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        foreach (JsonProperty member in json.RootElement.EnumerateObject().Where(member => !placed.Contains(member.Name)))
        {
            address.Append(next).Append(Uri.EscapeDataString(member.Name)).Append('=').Append(TextOf(member.Value));
            next = '&';
        }

        return new Uri(address.ToString());
    }

    private static string TextOf(JsonElement value) =>
        Uri.EscapeDataString(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText());

    [GeneratedRegex(@"\{([^{}/?&]+)\}")]
    private static partial Regex PlaceForm();
}
