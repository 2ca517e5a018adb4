using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Encoding;

/// <summary>
/// A dataset version compiled for the hot path: what to do with every field of a record. Immutable, shared by workers.
/// </summary>
public sealed class RowPlan
{
    public RowPlan(DatasetDefinition definition)
    {
        Definition = definition;
        Columns = [.. definition.Schema.Fields.Select(f => new ColumnPlan(f, definition.Schema.MissingValues))];
    }

    public DatasetDefinition Definition { get; }

    /// <summary>One per field of the schema, in its order, which is the order of the columns in COPY.</summary>
    public ImmutableArray<ColumnPlan> Columns { get; }

    /// <summary>Columns of a row in COPY: the fields, then the two lineage columns if the dataset has them.</summary>
    public short ColumnCount => (short)(Columns.Length + (Definition.Load.Lineage ? 2 : 0));
}
