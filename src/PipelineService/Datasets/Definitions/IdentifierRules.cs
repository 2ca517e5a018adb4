using System.Text;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>What names of tables and columns must fulfil.</summary>
internal static class IdentifierRules
{
    /// <summary>How the name is at fault, to stand after its subject; null when it is not.</summary>
    public static string? FaultOf(string name) => Encoding.UTF8.GetByteCount(name) switch
    {
        0 => "must not be empty.",
        > Identifier.BytesMax => $"is longer than {Identifier.BytesMax} bytes, and PostgreSQL would cut it.",
        _ => null,
    };

    /// <summary>Why a field, and so a column, cannot have the name; null when it can.</summary>
    /// <param name="name">The name.</param>
    /// <param name="hasLineage">Whether the names of the lineage columns are taken.</param>
    public static string? FaultOfColumn(string name, bool hasLineage) =>
        FaultOf(name) is string fault ? $"The name {fault}"
        : IsSystemColumn(name) ? $"\"{name}\" is a system column of every table: use another name, and \"source\" for this one."
        : hasLineage && name is LineageColumns.Job or LineageColumns.Record
            ? $"\"{name}\" is a lineage column: use another name, or \"lineage\": false."
        : null;

    /// <summary>Whether a schema is the service's own, or PostgreSQL's: no table of data is there, and no key refers to one.</summary>
    public static bool IsReservedSchema(string schema) =>
        schema is "pipeline" or "information_schema" || schema.StartsWith("pg_", StringComparison.Ordinal);

    /// <summary>Names of columns that every PostgreSQL table has already.</summary>
    public static bool IsSystemColumn(string name) =>
        name is "tableoid" or "xmin" or "cmin" or "xmax" or "cmax" or "ctid";
}
