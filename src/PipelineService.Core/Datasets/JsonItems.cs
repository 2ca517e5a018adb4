using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>
/// What a record of JSON is, which is a line. Source: https://datapackage.org/standard/table-dialect/, itemType and itemKeys.
/// </summary>
public sealed record JsonItems
{
    public static JsonItems Default { get; } = new();

    public JsonItemType Type { get; init; }

    /// <summary>
    /// Of objects the names that are read, all others being passed over; of arrays what their items are called, in this order. Empty
    /// where objects are read by the schema, and arrays by a header or by position.
    /// </summary>
    public ImmutableArray<string> Keys { get; init; } = [];

    public bool AreArrays => Type == JsonItemType.Array;
}

/// <summary>Whether values have their names beside them, or are known by their places.</summary>
public enum JsonItemType
{
    Object,
    Array,
}
