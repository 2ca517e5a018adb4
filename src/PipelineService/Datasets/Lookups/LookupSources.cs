using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Datasets.Models;

namespace PipelineService.Datasets.Lookups;

/// <summary>
/// The datasets that a definition looks up, as they are declared now, with those that they look up themselves: what is declared is held
/// against them.
/// </summary>
public sealed class LookupSources
{
    private const string Transforms = "transforms";

    /// <summary>Datasets behind the ones that are looked up, whose circle is looked for; more than anybody builds.</summary>
    private const int DepthMax = 32;

    private readonly Dictionary<string, DatasetDefinition> _found;

    private LookupSources(Dictionary<string, DatasetDefinition>? found = null) => _found = found ?? new(StringComparer.Ordinal);

    /// <summary>None at all, for a definition that looks nothing up.</summary>
    public static LookupSources None { get; } = new();

    /// <summary>The models that the definition names.</summary>
    public ModelSources Models { get; private init; } = ModelSources.None;

    /// <summary>The same, with the models that the definition names.</summary>
    public LookupSources With(ModelSources models) => new(_found) { Names = Names, Models = models };

    /// <summary>The names of datasets that there are, to guess what was meant; empty where all were found.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>The current definition of a dataset; null when there is none of that name.</summary>
    public DatasetDefinition? Find(string name) => _found.GetValueOrDefault(name);

    /// <summary>Reads what a body that was sent looks up, as far as it can be understood.</summary>
    /// <param name="body">A definition, or an answer with one inside.</param>
    /// <param name="find">Gives the current definition of a dataset, or null.</param>
    /// <param name="list">Gives the names of some datasets.</param>
    public static async Task<LookupSources> ReadAsync(
        JsonElement body, Func<string, Task<DatasetDefinition?>> find, Func<Task<IReadOnlyList<string>>> list)
    {
        HashSet<string> wanted = [.. NamesIn(body)];
        if (wanted.Count == 0)
        {
            return None;
        }

        LookupSources sources = new();
        string[] direct = [.. wanted];
        IReadOnlyList<string> next = direct;
        for (int depth = 0; depth < DepthMax && next.Count > 0; depth++)
        {
            List<string> further = [];
            foreach (string name in next)
            {
                if (await find(name) is not { } definition)
                {
                    continue;
                }

                sources._found[name] = definition;
                further.AddRange(LookedUpBy(definition).Where(wanted.Add));
            }

            next = further;
        }

        sources.Names = direct.All(sources._found.ContainsKey) ? [] : await list();
        return sources;
    }

    /// <summary>The way from a dataset by what is looked up back to one that is to look it up; null where there is none.</summary>
    /// <param name="from">The dataset that is to be looked up.</param>
    /// <param name="to">The dataset that is to do it.</param>
    public IReadOnlyList<string>? FindCircle(string from, string to)
    {
        Dictionary<string, string?> cameFrom = new(StringComparer.Ordinal) { [from] = null };
        Queue<string> open = new([from]);
        while (open.TryDequeue(out string? name))
        {
            if (name == to)
            {
                List<string> way = [];
                for (string? at = name; at is not null; at = cameFrom[at])
                {
                    way.Insert(0, at);
                }

                return way;
            }

            foreach (string next in Find(name) is { } definition ? LookedUpBy(definition) : [])
            {
                if (cameFrom.TryAdd(next, name))
                {
                    open.Enqueue(next);
                }
            }
        }

        return null;
    }

    private static IEnumerable<string> LookedUpBy(DatasetDefinition definition) =>
        definition.Transforms.OfType<LookupOp>().Select(lookup => lookup.From).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> NamesIn(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        JsonElement definition = !body.TryGetProperty("schema", out _) && body.TryGetProperty("definition", out JsonElement inside)
            ? inside
            : body;
        return definition.ValueKind == JsonValueKind.Object && definition.TryGetProperty(Transforms, out JsonElement ops)
            && ops.ValueKind == JsonValueKind.Array
                ? ops.EnumerateArray().Take(TransformOp.CountMax).Select(NameIn).OfType<string>()
                : [];
    }

    private static string? NameIn(JsonElement op) =>
        op.ValueKind == JsonValueKind.Object && op.TryGetProperty("from", out JsonElement from) && from.ValueKind == JsonValueKind.String
        && from.GetString() is string name && DatasetName.IsValid(name)
            ? name
            : null;
}
