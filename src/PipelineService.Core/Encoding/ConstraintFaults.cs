using PipelineService.Core.Datasets;

namespace PipelineService.Core.Encoding;

/// <summary>A field's definition cannot be compiled; the message is the sentence that the client reads.</summary>
internal sealed class FieldFaultException(string message) : FormatException(message);

/// <summary>
/// Faults of a field that can be seen without its values: a column type that cannot hold the field's type, and constraints
/// that mean nothing for it. Source: https://datapackage.org/standard/table-schema/#field-constraints.
/// </summary>
internal static class ConstraintFaults
{
    public static void ThrowIfAny(FieldDefinition field)
    {
        SqlType column = field.ColumnType;
        FieldConstraints constraints = field.Constraints;
        string type = field.Type.ToString().ToLowerInvariant();

        ThrowIf(
            !FieldEncoders.IsAllowed(field, column),
            $"A field of type {type} cannot go to a column of type {column}.");

        bool isOrdered = field.Type is FieldType.Number or FieldType.Integer or FieldType.Date or FieldType.Time
            or FieldType.DateTime or FieldType.Year or FieldType.YearMonth or FieldType.Duration;
        ThrowIf(!isOrdered && constraints.Minimum is not null, $"minimum does not apply to a field of type {type}.");
        ThrowIf(!isOrdered && constraints.Maximum is not null, $"maximum does not apply to a field of type {type}.");
        ThrowIf(
            !isOrdered && constraints.ExclusiveMinimum is not null,
            $"exclusiveMinimum does not apply to a field of type {type}.");
        ThrowIf(
            !isOrdered && constraints.ExclusiveMaximum is not null,
            $"exclusiveMaximum does not apply to a field of type {type}.");

        bool hasLength = field.Type is FieldType.String or FieldType.Object or FieldType.Array or FieldType.List
            or FieldType.GeoJson;
        ThrowIf(!hasLength && constraints.MinLength is not null, $"minLength does not apply to a field of type {type}.");
        ThrowIf(!hasLength && constraints.MaxLength is not null, $"maxLength does not apply to a field of type {type}.");
        ThrowIf(constraints.MinLength < 0, "minLength must be at least 0.");
        ThrowIf(constraints.MaxLength < 0, "maxLength must be at least 0.");
        ThrowIf(constraints.MinLength > constraints.MaxLength, "minLength is greater than maxLength.");
        ThrowIf(
            field.Type == FieldType.String && constraints.MinLength > column.Length,
            $"minLength is greater than the column type {column} can hold.");

        ThrowIf(
            field.Type == FieldType.Array && column.IsArray && !constraints.Enum.IsEmpty,
            $"enum does not apply to a field of type array in a column of type {column}.");
        ThrowIf(FieldFormatFault.Of(field) is not null, FieldFormatFault.Of(field) ?? "");
        ThrowIf(
            constraints.JsonSchema is not null && field.Type is not (FieldType.Object or FieldType.Array),
            $"jsonSchema does not apply to a field of type {type}.");
        ThrowIf(
            constraints.JsonSchema is not null && column.IsArray,
            $"jsonSchema does not apply to a field of type array in a column of type {column}.");
        ThrowIf(
            field.Type != FieldType.String && constraints.Pattern is not null,
            $"pattern does not apply to a field of type {type}.");
    }

    private static void ThrowIf(bool isFault, string sentence)
    {
        if (isFault)
        {
            throw new FieldFaultException(sentence);
        }
    }
}
