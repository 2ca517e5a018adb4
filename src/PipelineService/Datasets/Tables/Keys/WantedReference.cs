using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Tables.Keys;

/// <summary>Columns whose values are to be there in a key of a table.</summary>
/// <param name="Pointer">Where the definition says so.</param>
/// <param name="Parent">The table; null where it is not known, at a load.</param>
internal sealed record WantedReference(
    string Pointer, ImmutableArray<string> Columns, TableName? Parent, ImmutableArray<string> ParentColumns)
{
    /// <summary>Whether a foreign key of the table keeps it.</summary>
    public bool IsKeptBy(TableShape table) => table.Constraints.Any(IsKeptBy);

    public bool IsKeptBy(ConstraintShape constraint) =>
        constraint.Kind == "f"
        && (Parent is null || new TableName(constraint.ParentSchema!, constraint.ParentName!) == Parent)
        && constraint.Columns.Zip(constraint.ParentColumns).ToHashSet().SetEquals(Columns.Zip(ParentColumns));
}
