using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Json.Schemas;
using PipelineService.Core.Rules;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Reads the constraints of a field. Their values may be written in JSON's own types or as texts.
/// Source: https://datapackage.org/standard/table-schema/#field-constraints.
/// </summary>
internal static class ConstraintsReader
{
    public static FieldConstraints Read(ObjectReader? constraints, FieldType type, DefinitionFaults faults)
    {
        if (constraints is null)
        {
            return FieldConstraints.None;
        }

        var read = new FieldConstraints
        {
            Required = ReadFlag(constraints, "required"),
            Unique = ReadFlag(constraints, "unique"),
            Minimum = ReadBound(constraints, "minimum", faults),
            Maximum = ReadBound(constraints, "maximum", faults),
            ExclusiveMinimum = ReadBound(constraints, "exclusiveMinimum", faults),
            ExclusiveMaximum = ReadBound(constraints, "exclusiveMaximum", faults),
            MinLength = ReadLength(constraints, "minLength"),
            MaxLength = ReadLength(constraints, "maxLength"),
            Pattern = constraints.Text("pattern"),
            Enum = ReadEnum(constraints, type, faults),
            JsonSchema = ReadJsonSchema(constraints, faults),
        };

        constraints.Finish(MisplacedWords.OfConstraints);
        return read;
    }

    /// <summary>A value of the field's own type: as text, or as a JSON number or boolean whose spelling is kept.</summary>
    public static string? ReadScalar(ObjectReader reader, JsonElement value, string pointer, DefinitionFaults faults)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return reader.TextOf(value, pointer);
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return value.GetRawText();
            default:
                faults.Add(pointer, "Must be a text, a number or a boolean.");
                return null;
        }
    }

    /// <summary>A schema without faults, in one line; what its standard does not know is told.</summary>
    private static string? ReadJsonSchema(ObjectReader constraints, DefinitionFaults faults)
    {
        const string Name = "jsonSchema";
        if (!constraints.TryGet(Name, out JsonElement written))
        {
            return null;
        }

        string text = JsonSerializer.Serialize(written, PipelineJson.Options);
        if (written.ValueKind != JsonValueKind.Object || Encoding.UTF8.GetByteCount(text) > JsonSchema.BytesMax)
        {
            constraints.Fault(Name, $"Must be an object of at most {JsonSchema.BytesMax} bytes: a JSON Schema.");
            return null;
        }

        var schema = JsonSchema.Compile(written, out IReadOnlyList<JsonSchemaFault> found);
        foreach (JsonSchemaFault fault in found)
        {
            faults.Add(constraints.PointerTo(Name) + fault.Pointer, fault.Sentence);
        }

        foreach ((string pointer, string word) in schema?.UnknownWords ?? [])
        {
            faults.Warn(
                constraints.PointerTo(Name) + pointer,
                $"\"{Excerpt.Of(word)}\" is no word of JSON Schema: it is passed over.{Suggestion.For(word, JsonSchema.Words)}");
        }

        return schema is null ? null : text;
    }

    private static bool ReadFlag(ObjectReader constraints, string name) =>
        constraints.TryGet(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            && value.GetString() is "true" or "false"
            ? value.GetString() == "true"
            : constraints.Boolean(name, otherwise: false);

    private static int? ReadLength(ObjectReader constraints, string name) =>
        constraints.TryGet(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            && int.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            ? length
            : (int?)constraints.Count(name, int.MaxValue);

    private static string? ReadBound(ObjectReader constraints, string name, DefinitionFaults faults) =>
        constraints.TryGet(name, out JsonElement value)
            ? ReadScalar(constraints, value, constraints.PointerTo(name), faults)
            : null;

    private static ImmutableArray<string> ReadEnum(ObjectReader constraints, FieldType type, DefinitionFaults faults)
    {
        bool isJson = type is FieldType.Object or FieldType.Array or FieldType.List or FieldType.GeoPoint or FieldType.GeoJson;
        ImmutableArray<string> members = constraints.Items(
            "enum",
            (element, pointer) => isJson && element.ValueKind is JsonValueKind.Object or JsonValueKind.Array
                ? element.GetRawText()
                : ReadScalar(constraints, element, pointer, faults));
        if (members is { IsDefault: false, Length: 0 })
        {
            constraints.Fault("enum", "Must have at least one member.");
        }

        return members.IsDefault ? [] : members;
    }
}
