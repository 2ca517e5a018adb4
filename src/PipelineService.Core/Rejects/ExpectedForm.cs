using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Rejects;

/// <summary>How the values of a field are written: what a dead letter says was expected, with an example.</summary>
internal static class ExpectedForm
{
    private const string HasOffset = "Has an offset, which a column without time zone cannot keep.";

    private const string Ambiguous =
        "Day and month cannot be told apart: set \"format\" to a pattern, such as %d/%m/%Y or %m/%d/%Y.";

    /// <summary>The type with its article.</summary>
    public static string NameOf(FieldDefinition field) => field switch
    {
        { Type: FieldType.Integer } => "an integer",
        { Type: FieldType.Object } => "a JSON object",
        { Type: FieldType.Array } => "a JSON array",
        { Type: FieldType.DateTime } => "a date and time",
        { Type: FieldType.YearMonth } => "a month of a year",
        { Type: FieldType.GeoPoint } => "a point",
        { Type: FieldType.GeoJson } => "a JSON object",
        { Type: FieldType.List } => $"a list of items of type {WordFor(field.ItemType)}",
        { Type: FieldType.String, ColumnType.Name: SqlTypeName.Uuid } => "a UUID",
        { Type: FieldType.String, ColumnType.Name: SqlTypeName.Json or SqlTypeName.Jsonb } => "JSON",
        _ => $"a {WordFor(field.Type)}",
    };

    /// <summary>The form, behind "expected".</summary>
    public static string Of(FieldDefinition field) => field.Type switch
    {
        FieldType.Integer => $"digits with an optional sign{MarksOf(field)}, such as -12",
        FieldType.Number => $"a decimal number, or NaN, INF, -INF{MarksOf(field)}, such as {NumberOf(field)}",
        FieldType.Boolean => $"one of {ErrorMessages.Members([.. field.TrueValues, .. field.FalseValues])}",
        FieldType.Date or FieldType.Time or FieldType.DateTime => OfCalendar(field),
        FieldType.Year => "a year of four digits, such as 2024",
        FieldType.YearMonth => "YYYY-MM, such as 2024-02",
        FieldType.Duration => "ISO 8601, such as P3DT4H",
        FieldType.GeoPoint => OfPoint(field.Format),
        FieldType.List => $"items with \"{Excerpt.Of(field.Delimiter)}\" between them, such as {ListOf(field)}",
        FieldType.Object => "well-formed JSON in braces, such as {\"a\": 1}",
        FieldType.Array => "well-formed JSON in brackets, such as [1, 2]",
        FieldType.GeoJson => "GeoJSON in braces, such as {\"type\": \"Point\", \"coordinates\": [90.5, 45.5]}",
        _ => OfString(field),
    };

    /// <summary>What to set where values are written as another country does, as a sentence behind the form; empty where something is set.</summary>
    public static string AdviceFor(FieldDefinition field) => field switch
    {
        { Type: FieldType.Number, DecimalChar: ".", GroupChar: null } =>
            " If numbers are written as 1.234,5 or 1,234.5, set decimalChar and groupChar.",
        { Type: FieldType.Date, Format: FieldFormats.Default } => " If dates are written otherwise, set \"format\", such as %d/%m/%Y.",
        { Type: FieldType.Time, Format: FieldFormats.Default } => " If times are written otherwise, set \"format\", such as %H.%M.",
        { Type: FieldType.DateTime, Format: FieldFormats.Default } =>
            " If they are written otherwise, set \"format\", such as %d/%m/%Y %H:%M.",
        _ => "",
    };

    /// <summary>The sentence for a value of the right type in another format.</summary>
    public static string OfFormat(FieldDefinition field) => (field.Type, field.Format) switch
    {
        (FieldType.String, FieldFormats.Email) => "Not an email address: expected local@domain, such as ada@example.org.",
        (FieldType.String, FieldFormats.Uri) =>
            "Not a URI: expected a scheme and what belongs to it, in ASCII, such as https://example.org/a?b=c.",
        (FieldType.String, FieldFormats.Binary) =>
            "Not base64: expected letters, digits, + and /, filled up with = to four characters, such as aGVsbG8=.",
        (FieldType.String, FieldFormats.Uuid) =>
            "Not a UUID: expected 32 hexadecimal digits as 8-4-4-4-12, such as 0190163d-8694-739b-aea5-966c26f8ad91.",
        (FieldType.GeoJson, FieldFormats.TopoJson) =>
            "JSON, but not TopoJSON: expected {\"type\": \"Topology\", \"objects\": {…}, \"arcs\": […]}.",
        (FieldType.GeoJson, _) =>
            "JSON, but not GeoJSON (RFC 7946): expected a type with all that it needs, such as "
            + "{\"type\": \"Point\", \"coordinates\": [90.5, 45.5]}.",
        (FieldType.DateTime, FieldFormats.Any) when field.ColumnType.Name == SqlTypeName.Timestamp => $"{Ambiguous} {HasOffset}",
        (FieldType.Date or FieldType.DateTime, FieldFormats.Any) => Ambiguous,
        (FieldType.DateTime, _) when field.ColumnType.Name == SqlTypeName.Timestamp => HasOffset,
        (FieldType.Date or FieldType.Time or FieldType.DateTime, _) => "In none of the formats in which the transforms read it.",
        _ => "Not in the declared format.",
    };

    private static string OfCalendar(FieldDefinition field) => field switch
    {
        { Format: not (FieldFormats.Default or FieldFormats.Any) } =>
            $"the form {Excerpt.Of(field.Format)}, and a day and a time that exist",
        { Format: FieldFormats.Any, Type: FieldType.Date } => "a date with a year of four digits, such as 26 Jan 2024",
        { Format: FieldFormats.Any, Type: FieldType.Time } => "a time without a zone, such as 3:00 pm",
        { Format: FieldFormats.Any } => "a date with a year of four digits and a time, such as 26 Jan 2024 15:00",
        { Type: FieldType.Date } => "a day that exists, as YYYY-MM-DD, such as 2024-02-29",
        { Type: FieldType.Time } => "hh:mm:ss, with an optional fraction and no zone, such as 15:00:00",
        { ColumnType.Name: SqlTypeName.Timestamp } =>
            "YYYY-MM-DDThh:mm:ss, with an optional fraction, such as 2024-02-29T15:00:00",
        _ => "YYYY-MM-DDThh:mm:ss, with an optional fraction and an optional Z or offset, such as 2024-02-29T15:00:00Z",
    };

    private static string OfPoint(string format) => format switch
    {
        FieldFormats.Array => "a JSON array of longitude and latitude, such as [90.50, 45.50]",
        FieldFormats.Object => "a JSON object with lon and lat, such as {\"lon\": 90.50, \"lat\": 45.50}",
        _ => "\"lon, lat\", such as 90.50, 45.50",
    };

    private static string OfString(FieldDefinition field) => field.ColumnType.Name switch
    {
        SqlTypeName.Uuid => "32 hexadecimal digits as 8-4-4-4-12, such as 0190163d-8694-739b-aea5-966c26f8ad91",
        SqlTypeName.Json or SqlTypeName.Jsonb => "well-formed JSON, such as {\"a\": 1}",
        _ => "text",
    };

    private static string ListOf(FieldDefinition field)
    {
        string delimiter = Excerpt.Of(field.Delimiter);
        return field.ItemType switch
        {
            FieldType.Integer => $"1{delimiter}2",
            FieldType.Number => $"1.5{delimiter}2",
            FieldType.Boolean => $"true{delimiter}false",
            FieldType.Date => $"2024-02-28{delimiter}2024-02-29",
            FieldType.Time => $"09:00:00{delimiter}15:00:00",
            FieldType.DateTime => $"2024-02-28T09:00:00Z{delimiter}2024-02-29T15:00:00Z",
            _ => $"a{delimiter}b",
        };
    }

    private static string NumberOf(FieldDefinition field) => $"-1{Excerpt.Of(field.DecimalChar)}5";

    private static string MarksOf(FieldDefinition field)
    {
        string point = field.Type == FieldType.Number && field.DecimalChar != "."
            ? $", decimal mark \"{Excerpt.Of(field.DecimalChar)}\""
            : "";
        return field.GroupChar is string group
            ? $"{point}, group mark \"{Excerpt.Of(group)}\" before groups of three digits"
            : point;
    }

    private static string WordFor(FieldType type) => type.ToString().ToLowerInvariant();
}
