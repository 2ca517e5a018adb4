namespace PipelineService.Intake;

/// <summary>What senders of the usual other types most likely have in hand, and how to send it.</summary>
internal static class MediaTypeAdvice
{
    private const string AsItIs = "with --data-binary @FILE, or with -X POST -T FILE, and -H 'Content-Type: text/csv'";

    /// <summary>What to do about data of a type that cannot be loaded; empty when nothing is known about it.</summary>
    /// <param name="contentType">The header's value.</param>
    public static string For(string contentType) => contentType.Split(';')[0].Trim().ToLowerInvariant() switch
    {
        "application/x-www-form-urlencoded" =>
            $"That is what curl -d sends, and it strips line ends: send the file as it is, {AsItIs}.",
        string type when type.StartsWith("multipart/", StringComparison.Ordinal) =>
            $"A form is multipart/form-data, as curl -F sends it; or send the file alone, {AsItIs}.",
        "application/x-json" or "text/x-json" =>
            "JSON is application/json where it is one document with an array of records, application/x-ndjson where it is one object "
            + "a line.",
        "application/x-jsonlines" or "application/jsonlines" or "application/json-lines" or "application/x-jsonl" or "text/x-ndjson" =>
            "JSON of one object a line is application/x-ndjson.",
        "application/geo+json" or "application/vnd.geo+json" =>
            "GeoJSON is taken as application/json, with \"dialect\": { \"property\": \"features\" }, or with jq -c '.features[]' as "
            + "application/x-ndjson.",
        string type when type.EndsWith("+json", StringComparison.Ordinal) =>
            "JSON is application/json: an array of records, or an object whose array dialect.property names.",
        "application/zip" or "application/x-zip-compressed" =>
            "Unpack it: unzip -p FILE | curl -X POST -T - -H 'Content-Type: text/csv' …",
        "application/vnd.apache.arrow" or "application/x-apache-arrow-stream" or "application/x-arrow" or "application/x-feather" =>
            "Arrow IPC is application/vnd.apache.arrow.stream, or application/vnd.apache.arrow.file where it begins with ARROW1.",
        "application/vnd.oasis.opendocument.spreadsheet" => "Save it as a workbook of Excel (.xlsx), or the sheet as CSV in UTF-8.",
        "text/plain" => "Text alone does not say how its records are written.",
        string type when !type.Contains('/', StringComparison.Ordinal) => "That is no media type, which has a slash.",
        _ => "",
    };

    /// <summary>How to send what has a content coding that is not known.</summary>
    public static string Recoded(string coding) => coding.ToLowerInvariant() switch
    {
        "bzip2" or "bz2" or "x-bzip2" => "Compress it anew: bunzip2 -c FILE | gzip -c | curl -X POST -T - -H 'Content-Encoding: gzip' …",
        "xz" or "x-xz" => "Compress it anew: xz -dc FILE | gzip -c | curl -X POST -T - -H 'Content-Encoding: gzip' …",
        "gz" => "Did you mean gzip?",
        "zst" or "zstandard" => "Did you mean zstd?",
        "brotli" => "Did you mean br?",
        "zlib" => "Did you mean deflate?",
        "utf-8" or "utf8" => "That is a character set, which stands in Content-Type: text/csv; charset=utf-8.",
        _ => "Send it with gzip, deflate, br or zstd, or as it is, without Content-Encoding.",
    };
}
