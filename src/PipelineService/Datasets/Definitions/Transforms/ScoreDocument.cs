using System.Text.Json;
using System.Text.Json.Nodes;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>The parts of an op that scores whose form depends on what they say.</summary>
internal static class ScoreDocument
{
    /// <summary>A field for each input, or a list of them.</summary>
    public static JsonElement InputsOf(ScoreOp op)
    {
        JsonObject inputs = [];
        int next = 0;
        foreach (ScoreOpInput input in op.Inputs)
        {
            string[] fields = [.. op.Fields.Skip(next).Take(input.Count)];
            next += input.Count;
            inputs[input.Name] = input.IsList ? new JsonArray([.. fields.Select(field => JsonValue.Create(field))]) : JsonValue.Create(fields[0]);
        }

        return JsonSerializer.SerializeToElement(inputs);
    }

    /// <summary>Null where there are none.</summary>
    public static JsonElement? DefaultsOf(ScoreOp op)
    {
        if (op.Defaults.IsEmpty)
        {
            return null;
        }

        JsonObject defaults = [];
        foreach ((string name, object value) in op.Defaults)
        {
            defaults[name] = value switch
            {
                double number => JsonValue.Create(number),
                bool isSo => JsonValue.Create(isSo),
                _ => JsonValue.Create((string)value),
            };
        }

        return JsonSerializer.SerializeToElement(defaults);
    }
}
