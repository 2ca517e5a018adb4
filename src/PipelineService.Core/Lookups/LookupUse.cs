using System.Collections.Immutable;
using PipelineService.Core.Values;

namespace PipelineService.Core.Lookups;

/// <summary>A column of a dataset that is looked up, and as what its values are taken.</summary>
public readonly record struct LookupColumn(string Name, TypedKind Kind);

/// <summary>A value of a row that is looked up.</summary>
/// <param name="State">Whether there is one; too long is a number that no expression can hold.</param>
/// <param name="Value">It.</param>
public readonly record struct LookupValue(SlotState State, TypedValue Value);

/// <summary>What an op takes of a dataset that it looks up.</summary>
/// <param name="Op">0-based index of the op.</param>
/// <param name="Dataset">The dataset that is looked up.</param>
/// <param name="Key">The columns of the key, in the order in which the op has them.</param>
/// <param name="Values">The columns whose values it takes, in its order.</param>
/// <param name="HidesValues">Whether the values are kept from those who may not see personal data.</param>
public sealed record LookupUse(
    int Op, string Dataset, ImmutableArray<LookupColumn> Key, ImmutableArray<LookupColumn> Values, bool HidesValues)
{
    /// <summary>The key's columns, then the others: the order in which rows are read.</summary>
    public IEnumerable<LookupColumn> Columns => Key.Concat(Values);
}
