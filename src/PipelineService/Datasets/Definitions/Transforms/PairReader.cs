using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the properties of ops that ask somebody: objects in which one name stands for another, and the types of what is set.</summary>
internal static class PairReader
{
    private const string Into = "into";

    /// <summary>The own field, its type beside it where the definition was read back from an answer.</summary>
    public static SetPointer PointerOf(OpReader op, string name, string field)
    {
        string pointer = JsonPointer.Append(op.Json.PointerTo(name), field);
        return new SetPointer(pointer, pointer, pointer, pointer);
    }

    public static List<(string First, string Second)> Read(OpReader op, string name, string meaning)
    {
        List<(string, string)> pairs = [];
        if (!op.Json.TryGet(name, out JsonElement json))
        {
            op.Json.Fault(name, $"Is missing: {meaning}.");
            return pairs;
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            op.Json.Fault(name, $"Must be an object: {meaning}.");
            return pairs;
        }

        string pointer = op.Json.PointerTo(name);
        foreach (JsonProperty pair in json.EnumerateObject())
        {
            if (op.Json.TextOf(pair.Value, JsonPointer.Append(pointer, pair.Name)) is string text)
            {
                pairs.Add((pair.Name, text));
            }
        }

        if (!json.EnumerateObject().Any())
        {
            op.Json.Fault(name, $"Must not be empty: {meaning}.");
        }

        return pairs;
    }

    /// <summary>Takes over the types that an answer of the service tells of fields which the schema does not declare.</summary>
    public static ImmutableArray<SetField> WithTypes(OpReader op, ImmutableArray<SetField> sets)
    {
        if (!op.Json.TryGet(Into, out _))
        {
            return sets;
        }

        List<SetPointer> pointers = [.. op.SetPointers];
        ImmutableArray<SetField> told = op.Into();
        op.SetPointers.Clear();
        op.SetPointers.AddRange(pointers);
        foreach (SetField field in told.Where(field => !sets.Any(set => set.Name == field.Name)))
        {
            op.Json.Fault(Into, $"\"{Excerpt.Of(field.Name)}\" is not in \"set\", which says where the value comes from.");
        }

        return [.. sets.Select(set => told.FirstOrDefault(field => field.Name == set.Name) ?? set)];
    }
}
