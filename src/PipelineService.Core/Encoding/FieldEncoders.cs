using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Encoding.Json;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Encoding.Text;

namespace PipelineService.Core.Encoding;

/// <summary>Chooses the encoder of a field: the one table from (field type, SQL type) to code.</summary>
public static class FieldEncoders
{
    /// <summary>Whether values of a field type can be stored in a column of a SQL type.</summary>
    /// <remarks>
    /// Every type may go to text, as written, after it was checked to be a value of its type; and to a type that only the
    /// database knows, which decides by itself.
    /// </remarks>
    public static bool IsAllowed(FieldType type, SqlTypeName column) => (type, column) switch
    {
        (_, SqlTypeName.Text or SqlTypeName.Other) => true,
        (FieldType.String, SqlTypeName.Varchar or SqlTypeName.Uuid or SqlTypeName.Json or SqlTypeName.Jsonb) => true,
        (FieldType.Number, SqlTypeName.Numeric or SqlTypeName.DoublePrecision or SqlTypeName.Real) => true,
        (FieldType.Integer, SqlTypeName.BigInt or SqlTypeName.Integer) => true,
        (FieldType.Integer, SqlTypeName.SmallInt or SqlTypeName.Numeric) => true,
        (FieldType.Boolean, SqlTypeName.Boolean) => true,
        (FieldType.Date, SqlTypeName.Date) => true,
        (FieldType.Time, SqlTypeName.Time) => true,
        (FieldType.DateTime, SqlTypeName.TimestampTz or SqlTypeName.Timestamp) => true,
        (FieldType.Object or FieldType.Array, SqlTypeName.Json or SqlTypeName.Jsonb) => true,
        _ => false,
    };

    /// <summary>Compiles a field. Its definition has been checked: a fault in it is a programming error.</summary>
    /// <exception cref="FormatException">The definition has the fault that <see cref="TryValidate"/> reports.</exception>
    public static FieldEncoder Create(FieldDefinition field)
    {
        ConstraintFaults.ThrowIfAny(field);
        return Compile(field);
    }

    /// <summary>
    /// Whether the field can be compiled: its column type is allowed, its constraints apply to its type, and their bounds
    /// are values of it. Found out by compiling, so that the answer and the encoder cannot disagree.
    /// </summary>
    /// <param name="field">The field to look at.</param>
    /// <param name="fault">The first fault as a sentence, or null.</param>
    public static bool TryValidate(FieldDefinition field, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            _ = Create(field);
            fault = null;
            return true;
        }
        catch (FieldFaultException exception)
        {
            fault = exception.Message;
            return false;
        }
    }

    private static FieldEncoder Compile(FieldDefinition field)
    {
        if (field.ColumnType is { Name: SqlTypeName.Other } other)
        {
            return field.Type is FieldType.Array or FieldType.Any && other.IsArray
                ? new ArrayEncoder(field)
                : Compile(field with { SqlType = field.SentType });
        }

        if (NumberFormat.Of(field) is NumberFormat format)
        {
            return new FormattedNumberEncoder(format, Compile(format.MakePlain(field)), field.ColumnType.Name);
        }

        SqlType column = field.ColumnType;
        return (field.Type, column.Name) switch
        {
            (FieldType.String, SqlTypeName.Text or SqlTypeName.Varchar) => new TextEncoder(field, column.Length),
            (FieldType.String, SqlTypeName.Uuid) => new UuidEncoder(field),
            (FieldType.String, _) => new JsonTextEncoder(field),
            (FieldType.Any, _) => new AnyEncoder(field),
            (FieldType.Object or FieldType.Array, SqlTypeName.Json or SqlTypeName.Jsonb) => new JsonEncoder(field),

            // A text column holds any integer or number, so the check is that of the widest type.
            (FieldType.Integer or FieldType.Number, SqlTypeName.Text) => AsWritten(field, SqlTypeName.Numeric),
            (FieldType.Object or FieldType.Array, SqlTypeName.Text) => AsWritten(field, SqlTypeName.Jsonb),
            (_, SqlTypeName.Text) => AsWritten(field, Datasets.SqlType.DefaultOf(field.Type).Name),

            (FieldType.Integer, SqlTypeName.BigInt) => Scalar<long, IntegerFormat<long>>(field, default),
            (FieldType.Integer, SqlTypeName.Integer) => Scalar<int, IntegerFormat<int>>(field, default),
            (FieldType.Integer, SqlTypeName.SmallInt) => Scalar<short, IntegerFormat<short>>(field, default),
            (FieldType.Integer, _) => new NumericEncoder(field, column, isInteger: true),
            (FieldType.Number, SqlTypeName.Numeric) => new NumericEncoder(field, column, isInteger: false),
            (FieldType.Number, SqlTypeName.DoublePrecision) => Scalar<double, DoubleFormat>(field, default),
            (FieldType.Number, _) => Scalar<float, RealFormat>(field, default),
            (FieldType.Boolean, _) => Scalar<bool, BooleanFormat>(field, new BooleanFormat(field)),
            (FieldType.Date, _) => Scalar<int, DateFormat>(field, default),
            (FieldType.Time, _) => Scalar<long, TimeFormat>(field, default),
            (FieldType.DateTime, SqlTypeName.TimestampTz) => Scalar<long, TimestampTzFormat>(field, default),
            (FieldType.DateTime, _) => Scalar<long, TimestampFormat>(field, default),
            _ => throw new InvalidOperationException($"No encoder for {field.Type} to {column}."),
        };
    }

    private static ScalarEncoder<TValue, TFormat> Scalar<TValue, TFormat>(FieldDefinition field, TFormat format)
        where TValue : struct, IComparable<TValue>, IEquatable<TValue>
        where TFormat : struct, IScalarFormat<TValue> => new(field, format);

    private static WrittenTextEncoder AsWritten(FieldDefinition field, SqlTypeName checkedAs) =>
        new(Compile(field with { SqlType = new SqlType(checkedAs) }));
}
