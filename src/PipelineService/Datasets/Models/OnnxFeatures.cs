using System.Text.Json;

namespace PipelineService.Datasets.Models;

/// <summary>What the values of a model's only input are called, as its metadata say.</summary>
internal static class OnnxFeatures
{
    private const string Key = "feature_names";

    /// <summary>The names in an entry of the metadata; null for one of something else.</summary>
    public static IReadOnlyList<string>? In(WireReader entry)
    {
        string key = "";
        string value = "";
        while (entry.Read())
        {
            if (entry.Field == 1)
            {
                key = entry.Text;
            }
            else if (entry.Field == 2 && key == Key)
            {
                value = entry.Text;
            }
        }

        return key == Key ? NamesIn(value) : null;
    }

    /// <summary>A JSON array of texts, or names with commas between.</summary>
    private static string[] NamesIn(string text)
    {
        if (!text.TrimStart().StartsWith('['))
        {
            return [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        }

        try
        {
            return JsonSerializer.Deserialize<string[]>(text) is { } names && names.All(name => name is not null) ? names : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
