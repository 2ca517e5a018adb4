using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Datasets.Definitions;

/// <summary>What the encoders can do: the one place where definitions ask them.</summary>
internal static class FieldCapabilities
{
    public static bool IsAllowed(FieldType type, SqlTypeName sqlType) => FieldEncoders.IsAllowed(type, sqlType);

    /// <summary>Why no plan can be compiled for the field; nothing when one can.</summary>
    public static IEnumerable<FieldFault> FaultsOf(FieldDefinition field) => FieldFaults.Of(field);

    /// <summary>The column types that a field type can have, as a list to read.</summary>
    public static string AllowedSqlTypes(FieldType type) => string.Join(
        ", ",
        Enum.GetValues<SqlTypeName>().Where(t => t != SqlTypeName.Other && IsAllowed(type, t))
            .Select(t => new SqlType(t).ToString()));
}
