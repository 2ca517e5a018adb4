using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding.Text;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the ops that put one text in the place of another.</summary>
internal static class ValueOps
{
    public static TransformOp ReadReplace(OpReader op)
    {
        ReplaceOp read = new()
        {
            Fields = op.Fields(),
            Text = op.Json.Text("text"),
            Pattern = op.Json.Text("pattern"),
            With = op.RequiredText("with", "what comes in its place; \"\" takes it away") ?? "",
        };
        bool hasText = op.Json.TryGet("text", out _);
        bool hasPattern = op.Json.TryGet("pattern", out _);
        if (hasText && hasPattern)
        {
            op.Json.Fault("pattern", "Stands beside \"text\": one of the two is looked for.");
        }
        else if (!hasText && !hasPattern)
        {
            op.Json.Fault("text", "Is missing: the text to look for; or \"pattern\", a regular expression.");
        }

        if (read.Text is { Length: 0 })
        {
            op.Json.Fault("text", "Must not be empty.");
        }

        if (read.Pattern is string pattern && TextPattern.FaultOf(pattern) is string fault)
        {
            op.Json.Fault("pattern", fault);
        }

        return read;
    }

    public static TransformOp ReadMap(OpReader op) => new MapOp
    {
        Fields = op.Fields(),
        Table = ReadTable(op),
        Else = op.Json.Choice("else", OpWords.MapElses, MapElse.Keep),
    };

    public static TransformOp ReadNullIf(OpReader op) => new NullIfOp { Fields = op.Fields(), Values = ReadValues(op) };

    public static TransformOp ReadDefault(OpReader op)
    {
        string? value = null;
        if (op.Json.TryGet("value", out JsonElement json))
        {
            value = op.ValueOf(json, op.Json.PointerTo("value"));
        }
        else
        {
            op.Json.Fault("value", "Is missing: the value for those that have none.");
        }

        return new DefaultOp { Fields = op.Fields(), Value = value ?? "" };
    }

    private static ImmutableArray<string> ReadValues(OpReader op)
    {
        ImmutableArray<string> values = op.Json.Items("values", op.ValueOf);
        op.CheckFilled("values", values, "the texts that stand for no value, such as [\"-\", \"n/a\"]", "Must have at least one text.");
        return values.IsDefault ? [] : values;
    }

    private static ImmutableArray<KeyValuePair<string, string>> ReadTable(OpReader op)
    {
        if (!op.Json.TryGet("table", out JsonElement table))
        {
            op.Json.Fault("table", "Is missing: what each text becomes, such as { \"UK\": \"GB\" }.");
            return [];
        }

        if (table.ValueKind != JsonValueKind.Object)
        {
            op.Json.Fault("table", "Must be an object: { \"UK\": \"GB\" }.");
            return [];
        }

        string pointer = op.Json.PointerTo("table");
        var pairs = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        foreach (JsonProperty property in table.EnumerateObject())
        {
            string? value = op.ValueOf(property.Value, JsonPointer.Append(pointer, property.Name));
            pairs.Add(new(property.Name, value ?? ""));
        }

        if (pairs.Count == 0)
        {
            op.Json.Fault("table", "Must have at least one text.");
        }

        return pairs.DrainToImmutable();
    }
}
