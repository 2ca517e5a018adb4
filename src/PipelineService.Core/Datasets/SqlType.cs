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
public sealed record SqlType(
    SqlTypeName Name, int? Length = null, int? Precision = null, int Scale = 0, string? Written = null)
{
    private const string ArrayMark = "[]";

    /// <summary>Whether it is an array.</summary>
    public bool IsArray => Written?.EndsWith(ArrayMark, StringComparison.Ordinal) == true;

    /// <summary>Whether it is an array whose elements are JSON.</summary>
    public bool IsArrayOfJson => Written is "json" + ArrayMark or "jsonb" + ArrayMark;

    /// <summary>A type that has no name of its own here.</summary>
    /// <param name="written">Its name in SQL.</param>
    public static SqlType Other(string written) => new(SqlTypeName.Other, Written: written);

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
        _ => Written!,
    };

    /// <summary>The column type of a field that names none.</summary>
    public static SqlType DefaultOf(FieldType type) => new(type switch
    {
        FieldType.String or FieldType.Any => SqlTypeName.Text,
        FieldType.Number => SqlTypeName.Numeric,
        FieldType.Integer => SqlTypeName.BigInt,
        FieldType.Boolean => SqlTypeName.Boolean,
        FieldType.Date => SqlTypeName.Date,
        FieldType.Time => SqlTypeName.Time,
        FieldType.DateTime => SqlTypeName.TimestampTz,
        FieldType.Object or FieldType.Array => SqlTypeName.Jsonb,
        _ => throw new InvalidOperationException($"No default SQL type for {type}."),
    });

    private string SecondDigits =>
        Precision is int digits ? string.Create(CultureInfo.InvariantCulture, $"({digits})") : "";
}
