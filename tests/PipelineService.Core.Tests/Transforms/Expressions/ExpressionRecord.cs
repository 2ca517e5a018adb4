using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Values;

namespace PipelineService.Core.Tests.Transforms.Expressions;

/// <summary>A record with a field or two of each type, given as the literals that SQL would have.</summary>
/// <param name="Literals">By the name of the field; null for no value.</param>
internal sealed record ExpressionRecord(IReadOnlyDictionary<string, string?> Literals)
{
    /// <summary>The fields and their types in PostgreSQL.</summary>
    public static readonly (string Name, TypedKind Kind, string SqlType)[] Columns =
    [
        ("i1", TypedKind.Integer, "bigint"), ("i2", TypedKind.Integer, "bigint"),
        ("n1", TypedKind.Number, "numeric"), ("n2", TypedKind.Number, "numeric"),
        ("f1", TypedKind.Float, "double precision"), ("f2", TypedKind.Float, "double precision"),
        ("t1", TypedKind.Text, "text collate \"C\""), ("t2", TypedKind.Text, "text collate \"C\""),
        ("b1", TypedKind.Boolean, "boolean"), ("b2", TypedKind.Boolean, "boolean"),
        ("d1", TypedKind.Date, "date"), ("d2", TypedKind.Date, "date"),
        ("l1", TypedKind.LocalDateTime, "timestamp"), ("l2", TypedKind.LocalDateTime, "timestamp"),
        ("z1", TypedKind.DateTime, "timestamptz"), ("z2", TypedKind.DateTime, "timestamptz"),
        ("j1", TypedKind.Json, "jsonb"),
    ];

    public static ExpressionScope Scope { get; } = new([.. Columns.Select(column => Field(column.Name, column.Kind))]);

    public static FieldDefinition Field(string name, TypedKind kind) => new()
    {
        Name = name,
        Type = kind switch
        {
            TypedKind.Integer => FieldType.Integer,
            TypedKind.Number or TypedKind.Float => FieldType.Number,
            TypedKind.Text => FieldType.String,
            TypedKind.Boolean => FieldType.Boolean,
            TypedKind.Date => FieldType.Date,
            TypedKind.Json => FieldType.Object,
            _ => FieldType.DateTime,
        },
        SqlType = kind switch
        {
            TypedKind.Float => new SqlType(SqlTypeName.DoublePrecision),
            TypedKind.LocalDateTime => new SqlType(SqlTypeName.Timestamp),
            _ => null,
        },
    };

    /// <summary>Puts the values into slots, as an expression would give them.</summary>
    public void Fill(RecordSlots slots)
    {
        slots.Prepare(Columns.Length);
        for (int i = 0; i < Columns.Length; i++)
        {
            (string name, TypedKind kind, _) = Columns[i];
            slots.Set(RecordSlots.Of(i), Literals.GetValueOrDefault(name) is string text ? Value(kind, text) : TypedValue.NullOf(kind));
        }
    }

    /// <summary>A value as PostgreSQL shows it; no value is null.</summary>
    public static string? Show(in TypedValue value) => value switch
    {
        { IsNull: true } => null,
        { Kind: TypedKind.Integer } => value.Get<long>().ToString(CultureInfo.InvariantCulture),
        { Kind: TypedKind.Number } => value.Get<decimal>().ToString(CultureInfo.InvariantCulture),
        { Kind: TypedKind.Float } => value.Get<double>().ToString("R", CultureInfo.InvariantCulture),
        { Kind: TypedKind.Boolean } => value.Get<bool>() ? "true" : "false",
        { Kind: TypedKind.Date } => new DateOnly(2000, 1, 1).AddDays(value.Get<Day>().Days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        { Kind: TypedKind.LocalDateTime } => Time(value.Word),
        { Kind: TypedKind.DateTime } => $"{Time(value.Word)}+00",
        _ => value.Text.ToString(),
    };

    private static string Time(long microseconds) => new DateTime(2000, 1, 1).AddTicks(microseconds * TimeSpan.TicksPerMicrosecond)
        .ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);

    private static TypedValue Value(TypedKind kind, string text) => kind switch
    {
        TypedKind.Integer => TypedValue.Of(long.Parse(text, CultureInfo.InvariantCulture)),
        TypedKind.Number => TypedValue.Of(decimal.Parse(text, CultureInfo.InvariantCulture)),
        TypedKind.Float => TypedValue.Of(double.Parse(text, CultureInfo.InvariantCulture)),
        TypedKind.Text => TypedValue.Of(TextSlice.Of(text)),
        TypedKind.Boolean => TypedValue.Of(text == "true"),
        TypedKind.Json => TypedValue.Of(new JsonSlice(TextSlice.Of(text))),
        TypedKind.Date => TypedValue.Of(new Day(DateOnly.Parse(text, CultureInfo.InvariantCulture).DayNumber - new DateOnly(2000, 1, 1).DayNumber)),
        TypedKind.LocalDateTime => TypedValue.Of(new LocalDateTime(Microseconds(text))),
        _ => TypedValue.Of(new Instant(Microseconds(text[..^3]))),
    };

    private static long Microseconds(string text) =>
        (DateTime.Parse(text, CultureInfo.InvariantCulture) - new DateTime(2000, 1, 1)).Ticks / TimeSpan.TicksPerMicrosecond;
}
