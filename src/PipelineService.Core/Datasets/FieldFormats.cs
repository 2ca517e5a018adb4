using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>
/// The words for how a type may be written. What is none of them is a pattern of a date or time. Source:
/// https://datapackage.org/standard/table-schema/#field-types.
/// </summary>
public static class FieldFormats
{
    public const string Default = "default";

    /// <summary>Of dates and times: any of a list of forms, as long as it can mean one thing only.</summary>
    public const string Any = "any";

    public const string Email = "email";

    public const string Uri = "uri";

    /// <summary>Of strings: bytes in base64.</summary>
    public const string Binary = "binary";

    public const string Uuid = "uuid";

    /// <summary>Of points: a JSON array of longitude and latitude.</summary>
    public const string Array = "array";

    /// <summary>Of points: a JSON object with <c>lon</c> and <c>lat</c>.</summary>
    public const string Object = "object";

    public const string TopoJson = "topojson";

    /// <summary>Whether a type may be written by a pattern of <c>strptime</c>.</summary>
    public static bool TakesPattern(FieldType type) => type is FieldType.Date or FieldType.Time or FieldType.DateTime;

    /// <summary>The words that a type knows, its default first.</summary>
    public static ImmutableArray<string> Of(FieldType type) => type switch
    {
        FieldType.String => [Default, Email, Uri, Binary, Uuid],
        FieldType.GeoPoint => [Default, Array, Object],
        FieldType.GeoJson => [Default, TopoJson],
        _ when TakesPattern(type) => [Default, Any],
        _ => [Default],
    };

    /// <summary>Whether it is a pattern, of a type that takes one.</summary>
    public static bool IsPattern(FieldType type, string format) => TakesPattern(type) && format is not (Default or Any);
}
