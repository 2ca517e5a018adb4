using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Rows;

/// <summary>By which fields a row of a dataset is asked for.</summary>
internal static class RowKey
{
    /// <summary>
    /// Its primary key; without one the key by which others look it up, its first unique key, or its first field without repetitions.
    /// </summary>
    /// <returns>In the order of the key; none where the dataset has no key.</returns>
    public static ImmutableArray<FieldDefinition> Of(DatasetDefinition definition)
    {
        TableSchema schema = definition.Schema;
        ImmutableArray<FieldDefinition> columns = [.. definition.Columns];
        IEnumerable<string> names = !schema.PrimaryKey.IsEmpty ? schema.PrimaryKey
            : definition.Lookup is { } lookup ? lookup.Key
            : !schema.UniqueKeys.IsEmpty ? schema.UniqueKeys[0]
            : columns.Where(field => field.Constraints.Unique).Take(1).Select(field => field.Name);
        return [.. names.Select(name => columns.First(field => field.Name == name))];
    }
}
