using System.Collections.Immutable;

namespace PipelineService.Datasets.Tables;

/// <summary>An index that can refuse a row because of another row: unique or exclusion.</summary>
/// <param name="IsPlain">Whether it is unique on whole columns and on all rows: no expression, no WHERE.</param>
/// <param name="IsImmediate">Whether it is looked at as each row comes, and not at the end of the statement or later.</param>
/// <param name="Columns">Key columns in the index's order; expressions are left out.</param>
/// <param name="IsConstraint">Whether a constraint of the same name stands behind it.</param>
/// <param name="IsPrimary">Whether that is the primary key.</param>
/// <param name="IsPart">
/// Whether it is what a plain index of the table is in one of its partitions: it refuses nothing else, but by its own name.
/// </param>
public sealed record UniqueIndex(
    string Name,
    bool IsPlain,
    bool IsImmediate,
    ImmutableArray<string> Columns,
    bool IsConstraint = false,
    bool IsPrimary = false,
    bool IsPart = false);
