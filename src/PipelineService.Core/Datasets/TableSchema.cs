using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>The fields of a dataset. Source: https://datapackage.org/standard/table-schema/.</summary>
public sealed record TableSchema
{
    public required ImmutableArray<FieldDefinition> Fields { get; init; }

    /// <summary>Null takes the default of the format: see <see cref="FieldsMatch"/>.</summary>
    public FieldsMatch? FieldsMatch { get; init; }

    /// <summary>Texts that stand for "no value", quoted or not. The standard's default is the empty text alone.</summary>
    public ImmutableArray<LabelledText> MissingValues { get; init; } = [""];

    /// <summary>Names of the fields that together identify a row; empty when there is no key.</summary>
    public ImmutableArray<string> PrimaryKey { get; init; } = [];

    /// <summary>Sets of fields, by name, whose values together no two rows share; rows without a value in one of them do not count.</summary>
    public ImmutableArray<ImmutableArray<string>> UniqueKeys { get; init; } = [];

    public ImmutableArray<ForeignKey> ForeignKeys { get; init; } = [];

    /// <summary>The texts that stand for "no value" in a field: its own, which replace those of the schema, or those.</summary>
    public ImmutableArray<LabelledText> MissingValuesOf(FieldDefinition field) => field.MissingValues ?? MissingValues;

    /// <summary>
    /// The name of the field that takes all that the data has and the other fields do not read, as one JSON object; null: none does.
    /// That field is not looked for in the data.
    /// </summary>
    public string? Rest { get; init; }

    /// <summary>The fields that are looked for in the data, in their order.</summary>
    public IEnumerable<FieldDefinition> FieldsInData => Rest is null ? Fields : Fields.Where(f => !IsRest(f));

    /// <summary>Whether the data may have what no field reads.</summary>
    public bool TakesUnknown => Rest is not null || FieldsMatch is Datasets.FieldsMatch.Subset or Datasets.FieldsMatch.Partial;

    /// <summary>Whether a field is the one that takes what the others do not.</summary>
    public bool IsRest(FieldDefinition field) => field.Name == Rest;
}

/// <summary>Fields whose values must be there in a row of this or another table, unless one of them has none.</summary>
/// <param name="Fields">Their names.</param>
/// <param name="Resource">The other dataset, or its table as <c>schema.table</c>; null for the same table.</param>
/// <param name="ReferenceFields">What they refer to there, as many, in their order: a key of that table.</param>
public sealed record ForeignKey(ImmutableArray<string> Fields, string? Resource, ImmutableArray<string> ReferenceFields);

/// <summary>
/// How the fields in the data must match the fields of the schema. Default: <see cref="Equal"/> where the data names its
/// fields, <see cref="Exact"/> where it does not.
/// </summary>
public enum FieldsMatch
{
    /// <summary>The same fields in the same order.</summary>
    Exact,

    /// <summary>The same fields in any order.</summary>
    Equal,

    /// <summary>All fields of the schema, and perhaps more in the data (those are not loaded).</summary>
    Subset,

    /// <summary>Only fields of the schema, perhaps not all of them.</summary>
    Superset,

    /// <summary>At least one field of the schema.</summary>
    Partial,
}

/// <summary>One field: its name, its type and what its values must fulfil.</summary>
public sealed record FieldDefinition
{
    /// <summary>The column in the table, and the name in the data unless <see cref="Source"/> says otherwise.</summary>
    public required string Name { get; init; }

    public FieldType Type { get; init; } = FieldType.Any;

    /// <summary>How the type is written: one of <see cref="FieldFormats"/>, or a pattern of a date or time.</summary>
    public string Format { get; init; } = FieldFormats.Default;

    public string? Title { get; init; }

    public string? Description { get; init; }

    /// <summary>The name of the field in the data when it differs from <see cref="Name"/>.</summary>
    public string? Source { get; init; }

    /// <summary>
    /// Where the value stands in a record of JSON, when it is not directly under the field's name: see <see cref="FieldPath"/>.
    /// </summary>
    public FieldPath? Path { get; init; }

    /// <summary>The column's SQL type when it is not the default of <see cref="Type"/>.</summary>
    public SqlType? SqlType { get; init; }

    public FieldConstraints Constraints { get; init; } = FieldConstraints.None;

    /// <summary>Text between whole and fractional digits of a number; one or more characters.</summary>
    public string DecimalChar { get; init; } = ".";

    /// <summary>Text between groups of digits, null when numbers must not have any.</summary>
    public string? GroupChar { get; init; }

    /// <summary>False allows text around a number (a currency sign, a percent sign), which is left out.</summary>
    public bool BareNumber { get; init; } = true;

    public ImmutableArray<string> TrueValues { get; init; } = ["true", "True", "TRUE", "1"];

    public ImmutableArray<string> FalseValues { get; init; } = ["false", "False", "FALSE", "0"];

    /// <summary>Text between the items of a list; one or more characters.</summary>
    public string Delimiter { get; init; } = ",";

    /// <summary>What the items of a list are: one of <see cref="ItemTypes"/>, each in its default format.</summary>
    public FieldType ItemType { get; init; } = FieldType.String;

    /// <summary>The types that items of a list can have.</summary>
    public static ImmutableArray<FieldType> ItemTypes { get; } =
    [
        FieldType.String, FieldType.Integer, FieldType.Boolean, FieldType.Number, FieldType.DateTime, FieldType.Date,
        FieldType.Time,
    ];

    /// <summary>Texts that stand for "no value" in this field, in place of the schema's; null takes those.</summary>
    public ImmutableArray<LabelledText>? MissingValues { get; init; }

    /// <summary>Of strings and integers: the only values that are taken, as the definition wrote them; empty when any is.</summary>
    public ImmutableArray<LabelledText> Categories { get; init; } = [];

    /// <summary>Whether the categories stand in their natural order; null when nothing is said about it.</summary>
    public bool? CategoriesOrdered { get; init; }

    /// <summary>The only values that are taken: those of the enum, which are among the categories, or the categories. Empty: any.</summary>
    public ImmutableArray<string> Members => Constraints.Enum.IsEmpty ? [.. Categories.Select(c => c.Value)] : Constraints.Enum;

    /// <summary>The name by which the data knows this field.</summary>
    public string NameInData => Source ?? Name;

    /// <summary>The column's type: what the definition says, or the default of the field's type.</summary>
    public SqlType ColumnType => SqlType ?? DefaultColumnType;

    /// <summary>The column's type where the definition names none.</summary>
    public SqlType DefaultColumnType => (Type, Format) switch
    {
        (FieldType.String, FieldFormats.Uuid) => new SqlType(SqlTypeName.Uuid),
        (FieldType.String, FieldFormats.Binary) => new SqlType(SqlTypeName.Bytea),
        (FieldType.List, _) => Datasets.SqlType.ArrayOf(Datasets.SqlType.DefaultOf(ItemType)),
        _ => Datasets.SqlType.DefaultOf(Type),
    };

    /// <summary>
    /// Whether the column's own input function makes the value, of a text: where no encoder knows the binary form of the
    /// column's type, or the field is no value of that type but a text that may mean one.
    /// </summary>
    public bool IsReadByColumn => ColumnType.Name switch
    {
        SqlTypeName.Other => true,
        SqlTypeName.Bytea => (Type, Format) is not (FieldType.String, FieldFormats.Binary),
        SqlTypeName.Interval => Type != FieldType.Duration,
        SqlTypeName.Point => Type != FieldType.GeoPoint,
        SqlTypeName.Array => Type != FieldType.List || ToItem().IsReadByColumn,
        _ => false,
    };

    /// <summary>
    /// The type as which a row carries the value. Mostly the column's; for one that PostgreSQL reads from text a type whose
    /// text is exact: texts as they are, typed values as what they mean.
    /// </summary>
    public SqlType SentType => !IsReadByColumn ? ColumnType : Type switch
    {
        FieldType.Integer => new SqlType(SqlTypeName.Numeric),
        FieldType.Object or FieldType.Array or FieldType.GeoJson => new SqlType(SqlTypeName.Text),
        FieldType.String when Format != FieldFormats.Binary => new SqlType(SqlTypeName.Text),
        _ => DefaultColumnType,
    };

    /// <summary>What an item of a list is, as a field of its own: in its default format, without constraints.</summary>
    public FieldDefinition ToItem() => new() { Name = Name, Type = ItemType, SqlType = ColumnType.Element };
}

/// <summary>The types of Table Schema.</summary>
public enum FieldType
{
    String,
    Number,
    Integer,
    Boolean,
    Date,
    Time,
    DateTime,
    Object,
    Array,
    Any,
    List,
    Year,
    YearMonth,
    Duration,
    GeoPoint,
    GeoJson,
}

/// <summary>
/// What each value must fulfil; null is no demand. Bounds and enum members are kept as the definition wrote them and are
/// parsed by the field's own type when a plan is compiled.
/// </summary>
public sealed record FieldConstraints
{
    public static FieldConstraints None { get; } = new();

    public bool Required { get; init; }

    /// <summary>Whether no two rows of the table share a value; rows without one do not count.</summary>
    public bool Unique { get; init; }

    public string? Minimum { get; init; }

    public string? Maximum { get; init; }

    /// <summary>The value must be greater than this.</summary>
    public string? ExclusiveMinimum { get; init; }

    /// <summary>The value must be less than this.</summary>
    public string? ExclusiveMaximum { get; init; }

    /// <summary>Unicode code points for text, elements for arrays, members for objects.</summary>
    public int? MinLength { get; init; }

    /// <inheritdoc cref="MinLength"/>
    public int? MaxLength { get; init; }

    /// <summary>A regular expression that must match the whole value; run by the non-backtracking engine.</summary>
    public string? Pattern { get; init; }

    public ImmutableArray<string> Enum { get; init; } = [];

    /// <summary>Of objects and arrays: a JSON Schema that values must conform to, as JSON.</summary>
    public string? JsonSchema { get; init; }
}
