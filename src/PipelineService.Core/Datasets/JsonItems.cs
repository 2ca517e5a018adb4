using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>
/// What a record of JSON is, and where in a document the records stand. Source: https://datapackage.org/standard/table-dialect/,
/// property, itemType and itemKeys.
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

    /// <summary>
    /// Where the array of the records stands in a JSON document: a name, or a JSON pointer. Null: the document is the array. Empty: it is
    /// the array or, where it is an object, the one record.
    /// </summary>
    public string? Property { get; init; }

    /// <summary>The names that lead to the array of the records; none where the document is that.</summary>
    public ImmutableArray<string> PropertyPath => string.IsNullOrEmpty(Property) ? []
        : Property[0] == '/' ? JsonPath.Parse(Property, out _)
        : [Property];

    /// <summary>
    /// Where, in each document, the array of its records stands: one document gives many records. Null: each document is a record.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>The names that lead to that array.</summary>
    public ImmutableArray<string> Names => Path is null ? [] : JsonPath.Parse(Path, out _);

    public bool AreArrays => Type == JsonItemType.Array;
}

/// <summary>Whether values have their names beside them, or are known by their places.</summary>
public enum JsonItemType
{
    Object,
    Array,
}
