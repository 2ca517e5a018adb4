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
        "multipart/form-data" => $"That is a form around the file, as curl -F sends it: send the file alone, {AsItIs}.",
        "application/json" or "text/json" =>
            "JSON is taken as one object a line (jq -c '.[]' makes that of an array): send it as application/x-ndjson.",
        "application/zip" or "application/x-zip-compressed" =>
            "Unpack it: unzip -p FILE | curl -X POST -T - -H 'Content-Type: text/csv' …",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" or "application/vnd.oasis.opendocument.spreadsheet" =>
            "Workbooks cannot be read: save the sheet as CSV in UTF-8.",
        "application/vnd.apache.parquet" => "Parquet cannot be read in this version: export it as CSV or NDJSON.",
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
