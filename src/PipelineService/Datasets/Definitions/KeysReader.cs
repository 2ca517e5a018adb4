using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Reads the keys of a schema. Names of fields may be one text or an array of texts: the standard has known both forms.
/// Source: https://datapackage.org/standard/table-schema/#primaryKey and those that follow.
/// </summary>
internal static class KeysReader
{
    public static ImmutableArray<string> ReadPrimaryKey(ObjectReader schema) => schema.Names("primaryKey");

    public static ImmutableArray<ImmutableArray<string>> ReadUniqueKeys(ObjectReader schema)
    {
        ImmutableArray<string[]> keys = schema.Items(
            "uniqueKeys", (element, pointer) => (string[]?)[.. schema.NamesOf(element, pointer)]);
        return keys.IsDefault ? [] : [.. keys.Select(key => ImmutableArray.Create(key))];
    }

    public static ImmutableArray<ForeignKey> ReadForeignKeys(ObjectReader schema, DefinitionFaults faults)
    {
        ImmutableArray<ForeignKey> keys = schema.Items("foreignKeys", (element, pointer) => ReadForeignKey(element, pointer, faults));
        return keys.IsDefault ? [] : keys;
    }

    /// <summary>What could not be read is left out, so that every key keeps its index.</summary>
    private static ForeignKey ReadForeignKey(JsonElement element, string pointer, DefinitionFaults faults)
    {
        if (ObjectReader.Open(element, pointer, faults) is not ObjectReader key)
        {
            return new ForeignKey([], null, []);
        }

        ImmutableArray<string> fields = ReadRequired(key);
        if (!key.TryGet("reference", out _))
        {
            key.Fault("reference", "Is missing: { \"resource\": …, \"fields\": [ … ] } says what the fields refer to.");
        }

        ObjectReader? reference = key.Object("reference");
        var read = new ForeignKey(
            fields,
            reference?.Text("resource") is { Length: > 0 } resource ? resource : null,
            reference is null ? [] : ReadRequired(reference));
        reference?.PassOverOthers();
        key.Metadata("name", "title", "description");
        key.PassOverOthers();
        return read;
    }

    private static ImmutableArray<string> ReadRequired(ObjectReader reader)
    {
        ImmutableArray<string> names = reader.Names("fields");
        if (names.IsEmpty && (!reader.TryGet("fields", out JsonElement value) || value.ValueKind == JsonValueKind.Array))
        {
            reader.Fault("fields", "Must name at least one field.");
        }

        return names;
    }
}
