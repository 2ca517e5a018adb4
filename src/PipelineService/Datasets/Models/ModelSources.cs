using System.Text.Json;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Scoring;

namespace PipelineService.Datasets.Models;

/// <summary>A version of a model that a definition is held against.</summary>
public sealed record ModelSource(string Name, int Version, ModelSignature Signature);

/// <summary>The models that a definition names, as they are now, as far as its author may know of them.</summary>
public sealed class ModelSources
{
    private readonly Dictionary<string, ModelSource> _found = new(StringComparer.Ordinal);

    /// <summary>None at all.</summary>
    public static ModelSources None { get; } = new();

    /// <summary>The names of models that there are, to guess what was meant; empty where all were found.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>The version that a reference means; null when there is none.</summary>
    public ModelSource? Find(string reference) => _found.GetValueOrDefault(reference);

    /// <summary>By reference the version.</summary>
    public IReadOnlyDictionary<string, int> Versions => _found.ToDictionary(found => found.Key, found => found.Value.Version);

    /// <summary>Finds the models that a body names, as far as it can be understood.</summary>
    /// <param name="body">A definition, or an answer with one inside.</param>
    /// <param name="find">Gives a version of a model, the newest for no number; or null.</param>
    /// <param name="list">Gives the names of some models.</param>
    public static async Task<ModelSources> ReadAsync(
        JsonElement body, Func<string, int?, Task<ModelRow?>> find, Func<Task<IReadOnlyList<string>>> list)
    {
        string[] wanted = [.. ReferencesIn(body).Distinct(StringComparer.Ordinal).Take(ScoreOp.ScoresMax)];
        if (wanted.Length == 0)
        {
            return None;
        }

        ModelSources sources = new();
        foreach (string reference in wanted)
        {
            (string name, int? version) = ScoreOp.Split(reference);
            if (DatasetName.IsValid(name) && await find(name, version) is { } row)
            {
                sources._found[reference] = new ModelSource(row.Model, row.Version, row.ReadSignature());
            }
        }

        sources.Names = wanted.All(sources._found.ContainsKey) ? [] : await list();
        return sources;
    }

    private static IEnumerable<string> ReferencesIn(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        JsonElement definition = !body.TryGetProperty("schema", out _) && body.TryGetProperty("definition", out JsonElement inside)
            ? inside
            : body;
        return definition.ValueKind == JsonValueKind.Object && definition.TryGetProperty("transforms", out JsonElement ops)
            && ops.ValueKind == JsonValueKind.Array
                ? ops.EnumerateArray().Take(TransformOp.CountMax).Select(ReferenceIn).OfType<string>()
                : [];
    }

    private static string? ReferenceIn(JsonElement op) =>
        op.ValueKind == JsonValueKind.Object && op.TryGetProperty("model", out JsonElement model) && model.ValueKind == JsonValueKind.String
            ? model.GetString()
            : null;
}
