using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Tables;

/// <summary>A relation as PostgreSQL's catalog knows it.</summary>
/// <param name="Kind">pg_class.relkind: r for an ordinary table, p for a partitioned one, v for a view.</param>
/// <param name="IsOwned">Whether the service's role may alter it.</param>
/// <param name="HasRules">Whether an INSERT is rewritten; COPY passes rules over.</param>
/// <param name="TakesInserts">Of a view: whether PostgreSQL knows how to insert into it, by its query or by a trigger.</param>
/// <param name="IsPartition">Whether it is one of another table's, whose bounds it keeps.</param>
/// <param name="ForeignPartition">The name of a partition that is a foreign table; null where there is none.</param>
public sealed record RelationShape(
    string Kind, string? Comment, bool IsOwned, bool HasRowSecurity, bool CanInsert, bool HasRules, bool TakesInserts = true,
    bool IsPartition = false, string? ForeignPartition = null)
{
    public bool IsView => Kind == "v";
}

/// <summary>A column, as it is or as a definition wants it.</summary>
/// <param name="Type">In the spelling of <c>format_type</c>, with its schema unless that is pg_catalog.</param>
/// <param name="BaseType">What a domain is made of; null where the type is no domain.</param>
/// <param name="IsGenerated">Whether it takes no values, because the table, or the query of the view, computes them.</param>
/// <param name="TakesText">Whether the type's binary form is the text that its input function reads.</param>
public sealed record ColumnShape(
    string Name, string Type, bool IsNotNull, bool HasDefault, bool IsGenerated, string? BaseType = null, bool TakesText = false)
{
    internal static ColumnShape Wanted(string name, string type, bool isNotNull) => new(name, type, isNotNull, false, false);
}

/// <summary>A foreign key (kind f) or a check (kind c).</summary>
/// <param name="Expression">Of a check, as SQL.</param>
/// <param name="Parent">The table that a foreign key refers to, as SQL.</param>
/// <param name="IsDeferrable">Whether it may be looked at as late as at COMMIT.</param>
/// <param name="ParentSchema">Of a foreign key: the schema of the table that it refers to.</param>
/// <param name="ParentName">Likewise its name.</param>
public sealed record ConstraintShape(
    string Name,
    string Kind,
    ImmutableArray<string> Columns,
    string? Expression,
    string? Parent,
    ImmutableArray<string> ParentColumns,
    bool IsSelfReference,
    bool IsDeferrable,
    string? ParentSchema = null,
    string? ParentName = null);

/// <summary>A trigger that an INSERT fires in this session; those by which PostgreSQL keeps foreign keys do not count.</summary>
/// <param name="MayChangeRows">Whether it comes before each row, or in its place: it may mend it, or let it fall.</param>
public sealed record TriggerShape(string Name, bool MayChangeRows, bool IsDeferrable);

/// <summary>A table as it stands: what a definition is compared with, and what a load has to be ready for.</summary>
public sealed record TableShape(
    RelationShape Relation,
    ImmutableArray<ColumnShape> Columns,
    ImmutableArray<UniqueIndex> UniqueIndexes,
    ImmutableArray<ConstraintShape> Constraints,
    ImmutableArray<TriggerShape> Triggers)
{
    /// <summary>
    /// How the comment begins that marks a table as the service's own, free to be grown. A comment, because it goes where
    /// the table goes: a list of ours would after a DROP vouch for a stranger's table of the same name.
    /// </summary>
    public const string MadeByService = "Created by PipelineService";

    public bool IsMadeByService =>
        Relation is { IsOwned: true, Kind: "r" or "p" }
        && Relation.Comment?.StartsWith(MadeByService, StringComparison.Ordinal) == true;

    /// <summary>
    /// Whether a job has to load through one session: two open transactions would wait for each other for ever over a key, or
    /// over what a trigger writes elsewhere, and who comes first matters. Which keys lie behind a view nobody sees from here.
    /// </summary>
    public bool NeedsOneSession => Relation.IsView || !UniqueIndexes.IsEmpty || !Triggers.IsEmpty;

    /// <summary>Reads what <see cref="TableSql.Look"/> answers.</summary>
    internal static TableShape Parse(string json) => JsonSerializer.Deserialize<TableShape>(json, JsonSerializerOptions.Web)!;

    /// <summary>The columns that rows of this definition have, in the order of COPY.</summary>
    internal static ImmutableArray<ColumnShape> ColumnsOf(DatasetDefinition definition)
    {
        ImmutableArray<ColumnShape>.Builder columns = ImmutableArray.CreateBuilder<ColumnShape>();
        foreach (FieldDefinition field in definition.Columns)
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
