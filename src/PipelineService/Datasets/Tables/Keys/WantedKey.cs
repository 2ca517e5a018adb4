using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Datasets.Tables.Keys;

/// <summary>Columns whose values together no two rows are to share.</summary>
/// <param name="Pointer">Where the definition says so.</param>
internal sealed record WantedKey(string Pointer, ImmutableArray<string> Columns, bool IsPrimary = false)
{
    private const string PrimaryPointer = "/schema/primaryKey";
    private const string UniquePointer = "/schema/uniqueKeys";

    /// <summary>Each set of columns once, however often it is asked for.</summary>
    public static ImmutableArray<WantedKey> Of(DatasetDefinition definition)
    {
        TableSchema schema = definition.Schema;
        List<WantedKey> all = [];
        if (!schema.PrimaryKey.IsEmpty)
        {
            all.Add(new WantedKey(PrimaryPointer, schema.PrimaryKey, IsPrimary: true));
        }

        all.AddRange(schema.Fields.Select((field, index) => (field, index)).Where(f => f.field.Constraints.Unique).Select(f =>
            new WantedKey($"{JsonPointer.Append("/schema/fields", f.index)}/constraints/unique", [f.field.Name])));
        all.AddRange(schema.UniqueKeys.Select((key, index) => new WantedKey(JsonPointer.Append(UniquePointer, index), key)));
        return [.. all.DistinctBy(key => string.Join('\0', key.Columns.Order(StringComparer.Ordinal)))];
    }

    /// <summary>Whether an index of the table keeps it; in which order the index has the columns does not matter.</summary>
    public bool IsKeptBy(TableShape table) => table.UniqueIndexes.Any(IsKeptBy);

    public bool IsKeptBy(UniqueIndex index) => index.IsPlain && index.Columns.ToHashSet(StringComparer.Ordinal).SetEquals(Columns);
}
