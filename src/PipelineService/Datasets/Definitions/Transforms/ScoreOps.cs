using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Models;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the op that lets a model score records.</summary>
internal static class ScoreOps
{
    private const string Model = "model", Inputs = "inputs", Set = "set", Defaults = "defaults";

    private const string MeaningOfInputs = "which fields the model is given: { \"amount\": \"fare\" }, its input or feature first, "
        + "or { \"x\": [\"fare\", \"km\"] } in the order of its features";

    public static TransformOp ReadScore(OpReader op)
    {
        string model = op.FilledText(Model, "the model that scores the records, such as \"fraud\", or \"fraud@3\" for one version of it");
        (ImmutableArray<ScoreOpInput> inputs, ImmutableArray<string> fields) = ReadInputs(op);
        List<(string Field, string Output)> set = LookupOps.ReadPairs(op, Set, "what is taken: { \"risk\": \"probability\" }, the own field first");
        op.SetPointers.AddRange(set.Select(pair => LookupOps.PointerOf(op, pair.Field)));
        var read = new ScoreOp
        {
            Model = model,
            Inputs = inputs,
            Fields = fields,
            Defaults = ReadDefaults(op),
            Outputs = [.. set.Select(pair => pair.Output)],
            Sets = LookupOps.WithTypes(op, [.. set.Select(pair => new SetField(pair.Field))]),
            OnError = op.Json.Choice("onError", OpWords.OnErrors, OnError.Reject),
            Pii = op.Json.Boolean("pii", otherwise: false),
        };
        if (model.Length > 0 && op.Models is { } models && models.Find(model) is null)
        {
            op.Json.Fault(Model, FaultOf(model, models));
        }

        return read;
    }

    private static string FaultOf(string model, ModelSources models)
    {
        (string name, int? version) = ScoreOp.Split(model);
        return version is null && model.Contains('@', StringComparison.Ordinal)
            ? "Must be the name of a model, or a name and the number of a version: \"fraud\" or \"fraud@3\"."
            : version is not null && models.Names.Contains(name)
            ? $"Model \"{name}\" has no version {version}: GET /v1/models/{name} lists them."
            : $"There is no model \"{Excerpt.Of(name)}\": send it with PUT /v1/models/{Excerpt.Of(name)} first.{Suggestion.For(name, models.Names)}";
    }

    private static (ImmutableArray<ScoreOpInput> Inputs, ImmutableArray<string> Fields) ReadInputs(OpReader op)
    {
        List<ScoreOpInput> inputs = [];
        List<string> fields = [];
        if (!op.Json.TryGet(Inputs, out JsonElement json))
        {
            op.Json.Fault(Inputs, $"Is missing: {MeaningOfInputs}.");
            return ([], []);
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            op.Json.Fault(Inputs, $"Must be an object: {MeaningOfInputs}.");
            return ([], []);
        }

        foreach (JsonProperty input in json.EnumerateObject())
        {
            string pointer = JsonPointer.Append(op.Json.PointerTo(Inputs), input.Name);
            bool isList = input.Value.ValueKind == JsonValueKind.Array;
            (JsonElement Json, string Pointer)[] values = isList
                ? [.. input.Value.EnumerateArray().Select((value, i) => (value, JsonPointer.Append(pointer, i)))]
                : [(input.Value, pointer)];
            int count = 0;
            foreach ((JsonElement value, string place) in values)
            {
                if (op.Json.TextOf(value, place) is string field)
                {
                    fields.Add(field);
                    op.FieldPointers.Add(place);
                    count++;
                }
            }

            if (count > 0)
            {
                inputs.Add(new ScoreOpInput(input.Name, isList, count));
            }
            else if (values.Length == 0)
            {
                op.Fault(pointer, "Must have at least one field.");
            }
        }

        return ([.. inputs], [.. fields]);
    }

    private static ImmutableArray<(string Name, object Value)> ReadDefaults(OpReader op)
    {
        if (!op.Json.TryGet(Defaults, out JsonElement json))
        {
            return [];
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            op.Json.Fault(Defaults, "Must be an object: { \"fare\": 0 }, what stands for the value where there is none.");
            return [];
        }

        List<(string, object)> defaults = [];
        foreach (JsonProperty property in json.EnumerateObject())
        {
            object? value = property.Value.ValueKind switch
            {
                JsonValueKind.Number when property.Value.TryGetDouble(out double number) => number,
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.String => property.Value.GetString(),
                _ => null,
            };
            if (value is null)
            {
                op.Fault(JsonPointer.Append(op.Json.PointerTo(Defaults), property.Name), "Must be a number, a text, true or false.");
            }
            else
            {
                defaults.Add((property.Name, value));
            }
        }

        return [.. defaults];
    }
}
