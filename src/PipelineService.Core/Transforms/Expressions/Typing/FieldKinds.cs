using PipelineService.Core.Datasets;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Typing;

/// <summary>What the values of a field are in expressions.</summary>
public static class FieldKinds
{
    /// <summary>The kind of a field; null when expressions cannot use it.</summary>
    /// <remarks>
    /// An integer is a bigint whatever its column is, unless that is numeric, whose integers may be longer; what is stored as floating
    /// point is computed in double precision.
    /// </remarks>
    public static TypedKind? Of(FieldDefinition field) => (field.Type, field.ColumnType.Name) switch
    {
        (FieldType.String, SqlTypeName.Json or SqlTypeName.Jsonb) => TypedKind.Json,
        (FieldType.String, SqlTypeName.Text or SqlTypeName.Varchar or SqlTypeName.Uuid) => TypedKind.Text,
        (FieldType.Any, SqlTypeName.Text) => TypedKind.Text,
        (FieldType.Object or FieldType.Array, SqlTypeName.Json or SqlTypeName.Jsonb or SqlTypeName.Text) => TypedKind.Json,
        (_, SqlTypeName.Other) => null,
        (FieldType.Integer, SqlTypeName.Numeric) => TypedKind.Number,
        (FieldType.Integer, _) => TypedKind.Integer,
        (FieldType.Number, SqlTypeName.Real or SqlTypeName.DoublePrecision) => TypedKind.Float,
        (FieldType.Number, _) => TypedKind.Number,
        (FieldType.Boolean, _) => TypedKind.Boolean,
        (FieldType.Date, _) => TypedKind.Date,
        (FieldType.DateTime, SqlTypeName.Timestamp) => TypedKind.LocalDateTime,
        (FieldType.DateTime, _) => TypedKind.DateTime,
        _ => null,
    };

    /// <summary>
    /// The field as its values are read for an expression: by the same parser as for its column, but without constraints, which are
    /// checked on what is stored, and in a column that holds what the kind can hold.
    /// </summary>
    public static FieldDefinition Read(FieldDefinition field) => field with
    {
        Constraints = FieldConstraints.None,
        SqlType = Of(field) switch
        {
            TypedKind.Integer => new SqlType(SqlTypeName.BigInt),
            TypedKind.Number => new SqlType(SqlTypeName.Numeric),
            TypedKind.Float => field.ColumnType,
            TypedKind.LocalDateTime => new SqlType(SqlTypeName.Timestamp),
            TypedKind.DateTime => new SqlType(SqlTypeName.TimestampTz),
            TypedKind.Json => new SqlType(SqlTypeName.Json),
            TypedKind.Text when field.ColumnType.Name == SqlTypeName.Uuid => field.ColumnType,
            TypedKind.Text => new SqlType(SqlTypeName.Text),
            _ => field.SqlType,
        },
    };

    /// <summary>Why expressions cannot use a field, to stand behind its name.</summary>
    public static string RefusalOf(FieldDefinition field) => field.ColumnType.Name == SqlTypeName.Other
        ? $"goes to a column of type {field.ColumnType}, whose values only the database understands"
        : $"is of type {field.Type.ToString().ToLowerInvariant()}, with which expressions cannot compute";
}
