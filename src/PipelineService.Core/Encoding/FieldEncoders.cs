using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Encoding.Geo;
using PipelineService.Core.Encoding.Json;
using PipelineService.Core.Encoding.Lists;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Encoding.Text;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Core.Encoding;

/// <summary>Chooses the encoder of a field: the one table from (field type, SQL type) to code.</summary>
public static class FieldEncoders
{
    /// <summary>Whether values of a field, in its format, can be stored in a column of a SQL type.</summary>
    /// <remarks>
    /// Every type may go to text, as written, after it was checked to be a value of its type; and to a type that only the
    /// database knows, which decides by itself.
    /// </remarks>
    public static bool IsAllowed(FieldDefinition field, SqlType column) => (field.Type, column.Name) switch
    {
        (_, SqlTypeName.Text or SqlTypeName.Other) => true,
        (FieldType.String, SqlTypeName.Varchar) => true,
        (FieldType.String, SqlTypeName.Uuid) => field.Format is FieldFormats.Default or FieldFormats.Uuid,
        (FieldType.String, SqlTypeName.Json or SqlTypeName.Jsonb) => field.Format == FieldFormats.Default,
        (FieldType.String, SqlTypeName.Bytea) => field.Format is FieldFormats.Default or FieldFormats.Binary,
        (FieldType.String, SqlTypeName.Interval or SqlTypeName.Point or SqlTypeName.Array) => field.Format == FieldFormats.Default,
        (FieldType.Any, SqlTypeName.Bytea or SqlTypeName.Interval or SqlTypeName.Point or SqlTypeName.Array) => true,
        (FieldType.Number, SqlTypeName.Numeric or SqlTypeName.DoublePrecision or SqlTypeName.Real) => true,
        (FieldType.Integer, SqlTypeName.BigInt or SqlTypeName.Integer) => true,
        (FieldType.Integer, SqlTypeName.SmallInt or SqlTypeName.Numeric) => true,
        (FieldType.Boolean, SqlTypeName.Boolean) => true,
        (FieldType.Date or FieldType.YearMonth, SqlTypeName.Date) => true,
        (FieldType.Time, SqlTypeName.Time) => true,
        (FieldType.DateTime, SqlTypeName.TimestampTz or SqlTypeName.Timestamp) => true,
        (FieldType.Object or FieldType.Array or FieldType.GeoJson, SqlTypeName.Json or SqlTypeName.Jsonb) => true,
        (FieldType.Array, SqlTypeName.Array) => true,
        (FieldType.List, SqlTypeName.Array) => IsAllowed(new FieldDefinition { Name = "", Type = field.ItemType }, column.Element!),
        (FieldType.Year, SqlTypeName.Integer or SqlTypeName.SmallInt or SqlTypeName.BigInt) => true,
        (FieldType.Duration, SqlTypeName.Interval) => true,
        (FieldType.GeoPoint, SqlTypeName.Point) => true,
        _ => false,
    };

    /// <summary>Whether lists may be sent as arrays of such elements.</summary>
    public static bool IsElement(SqlTypeName element) => ArrayBinary.OidOf(element) is not null;

    /// <summary>
    /// The binary form in which a field takes values of files that are converted: where it means what the text of the same value means,
    /// rules and missing values included. <see cref="PackedTag.Null"/> for none.
    /// </summary>
    /// <param name="field">The field.</param>
    /// <param name="missingValues">Texts that stand for no value, which a date may be written like; JSON numbers never are.</param>
    public static PackedTag PackedFormOf(FieldDefinition field, ImmutableArray<LabelledText> missingValues)
    {
        bool mayBeMissing = missingValues.Any(missing => missing.Value.AsSpan().ContainsAnyInRange('0', '9'));
        return field.IsReadByColumn || NumberFormat.Of(field) is not null ? PackedTag.Null : (field.Type, field.ColumnType.Name) switch
        {
            (FieldType.Integer, SqlTypeName.BigInt or SqlTypeName.Integer or SqlTypeName.SmallInt) => PackedTag.Integer,
            (FieldType.Integer or FieldType.Number, SqlTypeName.Numeric) => PackedTag.Decimal,
            (FieldType.Number, SqlTypeName.DoublePrecision) => PackedTag.Float,
            (FieldType.Number, SqlTypeName.Real) => PackedTag.Single,
            _ when mayBeMissing || field.Format != FieldFormats.Default => PackedTag.Null,
            (FieldType.Date, SqlTypeName.Date) => PackedTag.Date,
            (FieldType.DateTime, SqlTypeName.Timestamp) => PackedTag.LocalDateTime,
            (FieldType.DateTime, SqlTypeName.TimestampTz) => PackedTag.Instant,
            _ => PackedTag.Null,
        };
    }

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
        if (field.IsReadByColumn)
        {
            return field.Type is FieldType.Array or FieldType.Any && field.ColumnType.IsArray
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
            (FieldType.String, SqlTypeName.Bytea) => new Base64Encoder(field),
            (FieldType.String, _) => new JsonTextEncoder(field),
            (FieldType.Any, _) => new AnyEncoder(field),
            (FieldType.Object or FieldType.Array or FieldType.GeoJson, SqlTypeName.Json or SqlTypeName.Jsonb) =>
                new JsonEncoder(field),

            // A text column holds any integer or number, so the check is that of the widest type.
            (FieldType.Integer or FieldType.Number, SqlTypeName.Text) => AsWritten(field, new(SqlTypeName.Numeric)),
            (_, SqlTypeName.Text) => AsWritten(field, field.DefaultColumnType),

            (FieldType.Integer, SqlTypeName.BigInt) => Scalar<long, IntegerFormat<long>>(field, default),
            (FieldType.Integer, SqlTypeName.Integer) => Scalar<int, IntegerFormat<int>>(field, default),
            (FieldType.Integer, SqlTypeName.SmallInt) => Scalar<short, IntegerFormat<short>>(field, default),
            (FieldType.Integer, _) => new NumericEncoder(field, column, isInteger: true),
            (FieldType.Number, SqlTypeName.Numeric) => new NumericEncoder(field, column, isInteger: false),
            (FieldType.Number, SqlTypeName.DoublePrecision) => Scalar<double, DoubleFormat>(field, default),
            (FieldType.Number, _) => Scalar<float, RealFormat>(field, default),
            (FieldType.Boolean, _) => Scalar<bool, BooleanFormat>(field, new BooleanFormat(field)),
            (FieldType.Year, SqlTypeName.BigInt) => Scalar<long, YearFormat<long>>(field, default),
            (FieldType.Year, SqlTypeName.SmallInt) => Scalar<short, YearFormat<short>>(field, default),
            (FieldType.Year, _) => Scalar<int, YearFormat<int>>(field, default),
            (FieldType.YearMonth, _) => Scalar<int, YearMonthFormat>(field, default),
            (FieldType.Duration, _) => Scalar<Interval, DurationFormat>(field, default),
            (FieldType.GeoPoint, _) => Scalar<GeoPoint, GeoPointFormat>(field, new GeoPointFormat(field.Format)),
            (FieldType.List, _) => new ListEncoder(field, Compile(field.ToItem())),
            _ => CompileCalendar(field, column),
        };
    }

    private static FieldEncoder CompileCalendar(FieldDefinition field, SqlType column) =>
        (field.Type, column.Name, CalendarForm.Of(field)) switch
        {
            (FieldType.Date, _, null) => Scalar<int, DateFormat>(field, default),
            (FieldType.Time, _, null) => Scalar<long, TimeFormat>(field, default),
            (FieldType.DateTime, SqlTypeName.TimestampTz, null) => Scalar<long, TimestampTzFormat>(field, default),
            (FieldType.DateTime, _, null) => Scalar<long, TimestampFormat>(field, default),
            (FieldType.Date, _, CalendarForm form) => Scalar<int, FormedDate>(field, new FormedDate(form)),
            (FieldType.Time, _, CalendarForm form) => Scalar<long, FormedTime>(field, new FormedTime(form)),
            (FieldType.DateTime, _, CalendarForm form) => Scalar<long, FormedTimestamp>(
                field, new FormedTimestamp(form, takesOffset: column.Name == SqlTypeName.TimestampTz)),
            _ => throw new InvalidOperationException($"No encoder for {field.Type} to {column}."),
        };

    private static ScalarEncoder<TValue, TFormat> Scalar<TValue, TFormat>(FieldDefinition field, TFormat format)
        where TValue : struct, IComparable<TValue>, IEquatable<TValue>
        where TFormat : struct, IScalarFormat<TValue> => new(field, format);

    private static WrittenTextEncoder AsWritten(FieldDefinition field, SqlType checkedAs) =>
        new(Compile(field with { SqlType = checkedAs }));
}
