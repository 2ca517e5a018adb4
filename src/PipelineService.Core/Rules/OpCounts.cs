using System.Text.Json;

namespace PipelineService.Core.Rules;

/// <summary>Counts of ops as they are stored: a JSON array of <see cref="OpCount"/> in the order of the ops.</summary>
public static class OpCounts
{
    private static readonly JsonSerializerOptions Form = new(JsonSerializerDefaults.Web);

    /// <returns>Null for none.</returns>
    public static string? ToJson(IReadOnlyList<OpCount> counts) =>
        counts.Count == 0 ? null : JsonSerializer.Serialize(counts, Form);

    /// <param name="json">Null for none.</param>
    public static IReadOnlyList<OpCount> FromJson(string? json) =>
        json is null ? [] : JsonSerializer.Deserialize<OpCount[]>(json, Form)!;
}
