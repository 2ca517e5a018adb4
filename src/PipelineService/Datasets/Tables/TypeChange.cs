using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Datasets.Tables;

/// <summary>
/// The statement that makes a column another type: for the operator to run, since the service changes no column. With USING
/// only where PostgreSQL does not convert by itself, because a cast that is asked for cuts what is too long, and one that is
/// not refuses.
/// </summary>
internal static class TypeChange
{
    private enum Family
    {
        Other,
        Text,
        Number,
        Day,
        Json,
    }

    /// <param name="from">The column's type, in the spelling of <c>format_type</c>.</param>
    /// <param name="to">Likewise.</param>
    public static string Statement(TableName table, string column, string from, string to)
    {
        string name = Identifier.Quote(column);
        string alter = $"ALTER TABLE {table.Quoted} ALTER COLUMN {name} TYPE {to}";
        (Family old, Family next) = (FamilyOf(from), FamilyOf(to));
        return next == Family.Text || (old == next && old != Family.Other) ? alter
            : old == Family.Text ? $"{alter} USING {name}::{to}"
            : $"{alter} USING {name}::text::{to}";
    }

    private static Family FamilyOf(string type) => SqlTypeText.Parse(type).Type?.Name switch
    {
        SqlTypeName.Text or SqlTypeName.Varchar => Family.Text,
        SqlTypeName.SmallInt or SqlTypeName.Integer or SqlTypeName.BigInt or SqlTypeName.Numeric
            or SqlTypeName.Real or SqlTypeName.DoublePrecision => Family.Number,
        SqlTypeName.Date or SqlTypeName.Timestamp or SqlTypeName.TimestampTz => Family.Day,
        SqlTypeName.Json or SqlTypeName.Jsonb => Family.Json,
        _ => Family.Other,
    };
}
