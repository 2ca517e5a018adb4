using System.Globalization;

namespace PipelineService.Core.Datasets;

/// <summary>The PostgreSQL types that columns can have.</summary>
public enum SqlTypeName
{
    Text,
    Varchar,
    Uuid,
    SmallInt,
    Integer,
    BigInt,
    Real,
    DoublePrecision,
    Numeric,
    Boolean,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Json,
    Jsonb,
    Bytea,
    Interval,
    Point,

    /// <summary>An array of one of the types above.</summary>
    Array,

    /// <summary>Any other type of the database: what a text means there is left to PostgreSQL's own input.</summary>
    Other,
}

/// <summary>A column type with its modifiers, for example <c>numeric(10,2)</c> or <c>varchar(40)</c>.</summary>
/// <param name="Name">Which type.</param>
/// <param name="Length">Of varchar: characters at most; else null.</param>
/// <param name="Precision">
/// Of numeric: significant digits, 1 to 1000; of times: digits after the second, 0 to 6; null is unconstrained.
/// </param>
/// <param name="Scale">Of numeric with a precision: digits after the point, 0 to Precision.</param>
/// <param name="Written">Of any other type: its name in SQL, modifiers included; else null.</param>
/// <param name="Element">Of an array: the type of its elements; else null.</param>
public sealed record SqlType(
    SqlTypeName Name, int? Length = null, int? Precision = null, int Scale = 0, string? Written = null, SqlType? Element = null)
{
    private const string ArrayMark = "[]";

    /// <summary>Whether it is an array.</summary>
    public bool IsArray => Name == SqlTypeName.Array || Written?.EndsWith(ArrayMark, StringComparison.Ordinal) == true;

    /// <summary>Whether it is an array whose elements are JSON.</summary>
    public bool IsArrayOfJson => Element?.Name is SqlTypeName.Json or SqlTypeName.Jsonb;

    /// <summary>A type that has no name of its own here.</summary>
    /// <param name="written">Its name in SQL.</param>
    public static SqlType Other(string written) => new(SqlTypeName.Other, Written: written);

    /// <summary>An array type.</summary>
    /// <param name="element">A type that is known here, and no array.</param>
    public static SqlType ArrayOf(SqlType element) => new(SqlTypeName.Array, Element: element);

    /// <summary>The type as SQL text, in the spelling of PostgreSQL's <c>format_type</c>.</summary>
    public override string ToString() => Name switch
    {
        SqlTypeName.Text => "text",
        SqlTypeName.Varchar => Length is int length
            ? string.Create(CultureInfo.InvariantCulture, $"character varying({length})")
            : "character varying",
        SqlTypeName.Uuid => "uuid",
        SqlTypeName.SmallInt => "smallint",
        SqlTypeName.Integer => "integer",
        SqlTypeName.BigInt => "bigint",
        SqlTypeName.Real => "real",
        SqlTypeName.DoublePrecision => "double precision",
        SqlTypeName.Numeric => Precision is int precision
            ? string.Create(CultureInfo.InvariantCulture, $"numeric({precision},{Scale})")
            : "numeric",
        SqlTypeName.Boolean => "boolean",
        SqlTypeName.Date => "date",
        SqlTypeName.Time => $"time{SecondDigits} without time zone",
        SqlTypeName.Timestamp => $"timestamp{SecondDigits} without time zone",
        SqlTypeName.TimestampTz => $"timestamp{SecondDigits} with time zone",
        SqlTypeName.Json => "json",
        SqlTypeName.Jsonb => "jsonb",
        SqlTypeName.Bytea => "bytea",
        SqlTypeName.Interval => "interval",
        SqlTypeName.Point => "point",
        SqlTypeName.Array => Element + ArrayMark,
        _ => Written!,
    };

    /// <summary>
    /// The column type of a field of a type in its default format: see <see cref="FieldDefinition.DefaultColumnType"/>.
    /// </summary>
    public static SqlType DefaultOf(FieldType type) => type switch
    {
        FieldType.String or FieldType.Any => new(SqlTypeName.Text),
        FieldType.Number => new(SqlTypeName.Numeric),
        FieldType.Integer => new(SqlTypeName.BigInt),
        FieldType.Boolean => new(SqlTypeName.Boolean),
        FieldType.Date or FieldType.YearMonth => new(SqlTypeName.Date),
        FieldType.Time => new(SqlTypeName.Time),
        FieldType.DateTime => new(SqlTypeName.TimestampTz),
        FieldType.Object or FieldType.Array or FieldType.GeoJson => new(SqlTypeName.Jsonb),
        FieldType.List => ArrayOf(new(SqlTypeName.Text)),
        FieldType.Year => new(SqlTypeName.Integer),
        FieldType.Duration => new(SqlTypeName.Interval),
        FieldType.GeoPoint => new(SqlTypeName.Point),
        _ => throw new InvalidOperationException($"No default SQL type for {type}."),
    };

    private string SecondDigits =>
        Precision is int digits ? string.Create(CultureInfo.InvariantCulture, $"({digits})") : "";
}
