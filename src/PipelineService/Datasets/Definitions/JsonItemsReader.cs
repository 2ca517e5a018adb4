using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Reads what a record of JSON is. The names are held against the schema here, as a header is when an upload has one. Source:
/// https://datapackage.org/standard/table-dialect/.
/// </summary>
internal static class JsonItemsReader
{
    /// <param name="dialect">Null and what it leaves out have the defaults.</param>
    /// <param name="format">Of the dataset.</param>
    public static JsonItems Read(ObjectReader? dialect, DataFormat format)
    {
        if (dialect is null)
        {
            return JsonItems.Default;
        }

        JsonItems items = new()
        {
            Type = dialect.Choice("itemType", DefinitionWords.JsonItemTypes, JsonItemType.Object),
            Keys = dialect.Texts("itemKeys", []),
            Property = ReadProperty(dialect, format),
            Path = ReadPath(dialect),
        };
        if (items is { AreArrays: true, Path: not null })
        {
            dialect.Fault("items", "Makes records of objects: with dialect.itemType \"array\" leave it out.");
        }

        foreach (string name in (string[])["itemType", "itemKeys", "items"])
        {
            if (!FormatTable.Of(format).IsJson && dialect.TryGet(name, out _))
            {
                dialect.Fault(
                    name,
                    $"Says what records of JSON are, and the format is \"{DefinitionWords.Formats.WordFor(format)}\": set format to \"json\" or \"ndjson\", or leave it out.");
            }
        }

        return items is { Keys.IsEmpty: true, AreArrays: false, Property: null, Path: null } ? JsonItems.Default : items;
    }

    /// <summary>Where in each document the array of its records is.</summary>
    private static string? ReadPath(ObjectReader dialect)
    {
        string? fault = null;
        string? path = dialect.Text("items");
        if (path is not null)
        {
            JsonPath.Parse(path, out fault);
        }

        if (fault is not null)
        {
            dialect.Fault("items", $"The path {fault}: write \"/events\" or \"$.events\".");
        }

        return fault is null ? path : null;
    }

    /// <summary>Where in a document its records are. One record a line, or a text, has no other around it.</summary>
    private static string? ReadProperty(ObjectReader dialect, DataFormat format)
    {
        string? property = dialect.Text("property");
        if (property is null)
        {
            return null;
        }

        string? fault = null;
        if (property.StartsWith('/'))
        {
            JsonPath.Parse(property, out fault);
        }

        if (format != DataFormat.Json)
        {
            dialect.Fault("property", AdviceFor(property));
        }
        else if (fault is not null)
        {
            dialect.Fault("property", $"Begins as a JSON pointer does and {fault}; a name that begins with a slash is \"/~1…\".");
        }

        return property;
    }

    /// <summary>Holds the names against the schema.</summary>
    /// <param name="dialect">As for <see cref="Read"/>.</param>
    /// <param name="definition">What was read, of it and of the schema.</param>
    public static void CheckKeys(ObjectReader? dialect, DatasetDefinition definition)
    {
        ImmutableArray<string> keys = definition.Items.Keys;
        bool isWellFormed = dialect is not null && FormatTable.Of(definition.Format).IsJson
            && dialect.TryGet("itemKeys", out JsonElement written) && written.ValueKind == JsonValueKind.Array
            && written.GetArrayLength() == keys.Length;
        if (!isWellFormed)
        {
            return;
        }

        string? repeated = keys.GroupBy(key => key, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1)?.Key;
        string? other = null;
        string? fault = keys.Length is 0 or > ParsingLimits.FieldsMax
                ? $"Must be 1 to {ParsingLimits.FieldsMax} names; leave it out to go by those of the schema."
            : definition.Schema.Rest is not null && !definition.Items.AreArrays
                ? "Passes over what it does not name, which schema.rest takes: leave one of them out."
            : repeated is not null ? $"Has \"{Excerpt.Of(repeated)}\" more than once."
            : HeaderBinding.ByName(keys, definition.Schema, out other, place: "The list") is null ? other
            : null;
        if (fault is not null)
        {
            dialect!.Fault("itemKeys", fault);
        }
    }

    /// <summary>What to set, or to send in the place of a document that has its records under a name.</summary>
    private static string AdviceFor(string property)
    {
        string path = property.Length == 0 ? "." : IsPlain(property) ? $".{property}" : $".[\"{Excerpt.Of(property)}\"]";
        return "Says where the records stand in one document: set format to \"json\" and send the document as application/json. As NDJSON "
            + $"send what jq -c '{path}[]' makes of it, and leave this out.";
    }

    private static bool IsPlain(string name) =>
        !char.IsAsciiDigit(name[0]) && name.Length <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
