using System.Collections.Immutable;

namespace PipelineService.Core.Transforms.Steps;

/// <summary>Which fields of the data the value of a field comes from, at one place in the list of ops.</summary>
/// <param name="schemaFields">How many fields the schema has; they come first.</param>
internal sealed class FieldOrigins(int schemaFields)
{
    private readonly Dictionary<int, ImmutableArray<int>> _set = [];

    /// <summary>The fields of the data behind some fields, in their order, each once.</summary>
    public ImmutableArray<int> Of(IEnumerable<int> fields) =>
    [
        .. fields.SelectMany(field =>
            _set.TryGetValue(field, out ImmutableArray<int> origins) ? origins
            : field < schemaFields ? [field]
            : []).Distinct().Order(),
    ];

    /// <summary>The same, and those of them that are in the data themselves: what somebody sent under the name is theirs too.</summary>
    public ImmutableArray<int> OfAndIn(ImmutableArray<int> fields) =>
        [.. Of(fields).Union(fields.Where(field => field < schemaFields)).Order()];

    /// <summary>Takes note of what an op does.</summary>
    /// <param name="sets">The fields that it sets.</param>
    /// <param name="from">The fields that it makes their values of.</param>
    public void Set(ImmutableArray<int> sets, IEnumerable<int> from)
    {
        ImmutableArray<int> origins = Of(from);
        foreach (int field in sets)
        {
            _set[field] = origins;
        }
    }
}
