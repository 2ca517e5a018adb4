using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Datasets.Definitions;

/// <summary>Reads <c>lookup</c>: by which key other datasets find the rows of this one.</summary>
internal static class LookupReader
{
    private const string Key = "key";

    /// <summary>Less would not hold a page of rows.</summary>
    private const long MemoryBytesMin = 64 << 10;

    public static LookupPolicy? Read(ObjectReader resource, DatasetDefinition definition)
    {
        if (resource.Object("lookup") is not ObjectReader lookup)
        {
            return null;
        }

        if (definition.Load.Mode != LoadMode.Replace)
        {
            resource.Fault(
                "lookup",
                "Only a dataset whose uploads replace all of its rows can be looked up: set load.mode to \"replace\".");
        }

        ImmutableArray<string> key = lookup.Names(Key);
        if (!lookup.TryGet(Key, out _))
        {
            key = definition.Schema.PrimaryKey;
            if (key.IsEmpty)
            {
                lookup.Fault(Key, "Is missing: the fields by which a row is found, such as [\"id\"]. It is the primary key "
                    + "where there is one.");
            }
        }
        else if (key.IsEmpty)
        {
            lookup.Fault(Key, "Must have at least one field.");
        }

        long bytes = lookup.Count("memoryBytesMax", LookupPolicy.MemoryBytesLimit) ?? LookupPolicy.MemoryBytesDefault;
        if (bytes is > 0 and < MemoryBytesMin)
        {
            lookup.Fault("memoryBytesMax", $"Must be 0, which keeps nothing in memory, or {MemoryBytesMin} to "
                + $"{LookupPolicy.MemoryBytesLimit}.");
        }

        lookup.Finish();
        return key.IsEmpty ? null : new LookupPolicy(key, bytes);
    }

    /// <summary>Whether the key is one, once all columns are known.</summary>
    public static void CheckKey(ObjectReader resource, DatasetDefinition definition)
    {
        if (definition.Lookup is not { } lookup || definition.Schema.Fields.IsEmpty || resource.Object("lookup") is not ObjectReader said)
        {
            return;
        }

        ImmutableArray<FieldDefinition> columns = definition.Columns;
        bool isKnown = true;
        foreach (string name in lookup.Key)
        {
            if (columns.FirstOrDefault(column => column.Name == name) is not { } column)
            {
                said.Fault(
                    Key, $"\"{Excerpt.Of(name)}\" is not the name of a field.{said.Near(name, columns.Select(c => c.Name))}");
                isKnown = false;
            }
            else if (FieldKinds.Of(column) is null or TypedKind.Json)
            {
                said.Fault(Key, $"\"{Excerpt.Of(name)}\" {FieldKinds.RefusalOf(column)}: a key is of texts, numbers, booleans or dates.");
                isKnown = false;
            }
        }

        if (isKnown && !KeysOf(definition.Schema).Any(key => key.ToHashSet(StringComparer.Ordinal).SetEquals(lookup.Key)))
        {
            said.Fault(
                Key,
                "No two rows may have the same values of it, or nobody could tell which one is meant: make it the primaryKey "
                    + "of the schema, "
                + "or one of its uniqueKeys.");
        }
    }

    private static IEnumerable<ImmutableArray<string>> KeysOf(TableSchema schema) =>
    [
        schema.PrimaryKey, .. schema.UniqueKeys,
        .. schema.Fields.Where(field => field.Constraints.Unique).Select(field => ImmutableArray.Create(field.Name)),
    ];
}
