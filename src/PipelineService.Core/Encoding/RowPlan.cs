using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Encoding;

/// <summary>
/// A dataset version compiled for the hot path: what to do with every field of a record. Immutable, shared by workers.
/// </summary>
public sealed class RowPlan
{
    public RowPlan(DatasetDefinition definition)
        : this(definition, [.. definition.Schema.Fields.Select(f => new ColumnPlan(f, definition.Schema.MissingValues))])
    {
    }

    private RowPlan(DatasetDefinition definition, ImmutableArray<ColumnPlan> columns)
    {
        Definition = definition;
        Columns = columns;
    }

    public DatasetDefinition Definition { get; }

    /// <summary>One per field of the schema that is sent, in its order, which is the order of the columns in COPY.</summary>
    public ImmutableArray<ColumnPlan> Columns { get; }

    /// <summary>The same without some columns, which COPY then leaves to the table: they take their default.</summary>
    /// <param name="columns">0-based indexes.</param>
    public RowPlan Without(IReadOnlySet<int> columns) =>
        columns.Count == 0 ? this : new(Definition, [.. Columns.Where((_, index) => !columns.Contains(index))]);

    /// <summary>Columns of a row in COPY: the fields, then the two lineage columns if the dataset has them.</summary>
    public short ColumnCount => (short)(Columns.Length + (Definition.Load.Lineage ? 2 : 0));
}
