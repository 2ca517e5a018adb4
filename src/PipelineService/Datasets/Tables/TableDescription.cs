using System.Collections.Immutable;

namespace PipelineService.Datasets.Tables;

/// <summary>An index that can refuse a row because of another row: unique or exclusion.</summary>
/// <param name="IsPlain">Whether it is unique on whole columns and on all rows: no expression, no WHERE.</param>
/// <param name="Columns">Key columns in the index's order; expressions are left out.</param>
public sealed record UniqueIndex(string Name, bool IsPrimary, bool IsPlain, ImmutableArray<string> Columns);

/// <summary>What a table may refuse rows for, beside types and NOT NULL: what the write stage must be ready for.</summary>
/// <param name="UniqueIndexes">With any of these, two open transactions can wait for each other: one session per job.</param>
public sealed record TableDescription(
    ImmutableArray<UniqueIndex> UniqueIndexes, bool HasForeignKeys, bool HasChecks, bool HasTriggers)
{
    /// <summary>Whether a row can be refused, or made to wait, because of another row.</summary>
    public bool HasUniqueIndex => !UniqueIndexes.IsEmpty;
}
