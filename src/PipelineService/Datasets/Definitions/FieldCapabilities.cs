using System.Text.RegularExpressions;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>What the encoders can do: the one place where definitions ask them.</summary>
internal static class FieldCapabilities
{
    public static bool IsAllowed(FieldType type, SqlTypeName sqlType) => type switch
    {
        FieldType.String => sqlType is SqlTypeName.Text or SqlTypeName.Varchar or SqlTypeName.Uuid,
        FieldType.Number => sqlType is SqlTypeName.Numeric or SqlTypeName.Real or SqlTypeName.DoublePrecision,
        FieldType.Integer => sqlType is SqlTypeName.SmallInt or SqlTypeName.Integer or SqlTypeName.BigInt or SqlTypeName.Numeric,
        FieldType.DateTime => sqlType is SqlTypeName.Timestamp or SqlTypeName.TimestampTz,
        FieldType.Object or FieldType.Array => sqlType is SqlTypeName.Json or SqlTypeName.Jsonb,
        _ => sqlType == SqlType.DefaultOf(type).Name,
    };

    /// <summary>Whether a plan can be compiled for the field; if not, why.</summary>
    public static bool TryValidate(FieldDefinition field, out string? fault)
    {
        fault = null;
        try
        {
            _ = field.Constraints.Pattern is string pattern ? new Regex(pattern, RegexOptions.NonBacktracking) : null;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            fault = $"The pattern cannot be used: {exception.Message}";
        }

        return fault is null;
    }

    /// <summary>The column types that a field type can have, as a list to read.</summary>
    public static string AllowedSqlTypes(FieldType type) => string.Join(
        ", ", Enum.GetValues<SqlTypeName>().Where(t => IsAllowed(type, t)).Select(t => new SqlType(t).ToString()));
}
