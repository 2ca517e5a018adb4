using System.Globalization;
using System.Text.Json;

namespace PipelineService.Datasets.Models;

/// <summary>How the versions of models stand among what a job has pinned.</summary>
public static class ModelPins
{
    /// <summary>No dataset has a name with a colon in it.</summary>
    private const string Before = "model:";

    /// <summary>Under what the version stands that a reference of a definition means.</summary>
    public static string KeyOf(string reference) => Before + reference;

    /// <summary>Whether an entry is one of a model.</summary>
    public static bool IsOne(string key) => key.StartsWith(Before, StringComparison.Ordinal);

    /// <summary>By the reference the version.</summary>
    public static KeyValuePair<string, int> Read(string key, JsonElement version) => new(key[Before.Length..], version.GetInt32());

    /// <summary>How messages call a version.</summary>
    public static string Shown(string name, int version) => string.Create(CultureInfo.InvariantCulture, $"{name}@{version}");
}
