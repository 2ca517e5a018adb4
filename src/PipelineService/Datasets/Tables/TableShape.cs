using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Tables;

/// <summary>A relation as PostgreSQL's catalog knows it.</summary>
/// <param name="Kind">pg_class.relkind: r for an ordinary table.</param>
/// <param name="IsOwned">Whether the service's role may alter it.</param>
internal sealed record RelationRow(
    long Oid, string Kind, string? Comment, bool IsOwned, bool HasRowSecurity, bool CanInsert);

/// <summary>A column, as it is or as a definition wants it.</summary>
/// <param name="Type">In the spelling of <c>format_type</c>.</param>
internal sealed record ColumnShape(string Name, string Type, bool IsNotNull, bool HasDefault, bool IsGenerated)
{
    public static ColumnShape Wanted(string name, string type, bool isNotNull) => new(name, type, isNotNull, false, false);
}

/// <summary>What a definition is compared with.</summary>
internal sealed record TableShape(
    RelationRow Relation, ImmutableArray<ColumnShape> Columns, ImmutableArray<UniqueIndex> UniqueIndexes)
{
    /// <summary>
    /// How the comment begins that marks a table as the service's own, free to be grown. A comment, because it goes where
    /// the table goes: a list of ours would after a DROP vouch for a stranger's table of the same name.
    /// </summary>
    public const string MadeByService = "Created by PipelineService";

    public bool IsMadeByService =>
        Relation.IsOwned && Relation.Comment?.StartsWith(MadeByService, StringComparison.Ordinal) == true;

    /// <summary>The columns that rows of this definition have, in the order of COPY.</summary>
    public static ImmutableArray<ColumnShape> ColumnsOf(DatasetDefinition definition)
    {
        ImmutableArray<ColumnShape>.Builder columns = ImmutableArray.CreateBuilder<ColumnShape>();
        foreach (FieldDefinition field in definition.Schema.Fields)
        {
            columns.Add(ColumnShape.Wanted(field.Name, field.ColumnType.ToString(), field.Constraints.Required));
        }

        if (definition.Load.Lineage)
        {
            columns.Add(ColumnShape.Wanted(LineageColumns.Job, "uuid", isNotNull: true));
            columns.Add(ColumnShape.Wanted(LineageColumns.Record, "bigint", isNotNull: true));
        }

        return columns.DrainToImmutable();
    }
}
