using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Datasets.Definitions;

/// <summary>What the encoders can do: the one place where definitions ask them.</summary>
internal static class FieldCapabilities
{
    public static bool IsAllowed(FieldDefinition field, SqlType sqlType) => FieldEncoders.IsAllowed(field, sqlType);

    /// <summary>What is wrong with the field's format, or null.</summary>
    public static string? FaultOfFormat(FieldDefinition field) => FieldFormatFault.Of(field);

    /// <summary>Why no plan can be compiled for the field; nothing when one can.</summary>
    public static IEnumerable<FieldFault> FaultsOf(FieldDefinition field) => FieldFaults.Of(field);

    /// <summary>The column types that a field can have, as a list to read; of those that only read text none.</summary>
    public static string AllowedSqlTypes(FieldDefinition field) => field.Type == FieldType.List
        ? $"text, {string.Join(", ", AllowedTypes(field.ToItem() with { SqlType = null }).Select(SqlType.ArrayOf))}"
        : string.Join(", ", AllowedTypes(field));

    private static IEnumerable<SqlType> AllowedTypes(FieldDefinition field) =>
        Enum.GetValues<SqlTypeName>().Where(name => name is not (SqlTypeName.Other or SqlTypeName.Array))
            .Select(name => new SqlType(name))
            .Where(type => IsAllowed(field, type) && !(field with { SqlType = type }).IsReadByColumn);
}
