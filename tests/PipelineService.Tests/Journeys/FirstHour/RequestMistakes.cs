using System.Text;

namespace PipelineService.Tests.Journeys.FirstHour;

/// <summary>Bodies of other types, headers and parameters that cannot be used.</summary>
internal static class RequestMistakes
{
    private const string Uploads = "/v1/datasets/readings/uploads";
    private const string Job = "/v1/jobs/0199a3c0-0000-7000-8000-000000000000";

    private static readonly byte[] Data = Encoding.UTF8.GetBytes("sensor,taken_at,celsius\nn,2026-03-01T06:00:00Z,4\n");

    public static IEnumerable<Mistake> All =>
    [
        OfType("curl -d", "application/x-www-form-urlencoded", "curl -d", "strips line ends", "--data-binary @FILE", "-H 'Content-Type: text/csv'"),
        Upload("a form that is none", "multipart/form-data; boundary=x", 400, "malformed_form", [], "before the boundary that closes it"),
        OfType("a form of another kind", "multipart/mixed; boundary=x", "multipart/form-data", "--data-binary @FILE"),
        OfType("JSON by another type", "text/x-json", "application/json where it is one document", "application/x-ndjson where it is one object a line"),
        OfType("JSON of a vendor", "application/vnd.acme+json; version=2", "JSON is application/json", "dialect.property"),
        OfType("GeoJSON", "application/geo+json", "application/json", "\"property\": \"features\""),
        OfType("a ZIP", "application/zip", "unzip -p FILE"),
        OfType("a workbook of another kind", "application/vnd.oasis.opendocument.spreadsheet", ".xlsx", "CSV in UTF-8"),
        OfType("plain text", "text/plain;charset=UTF-8", "does not say how its records are written", "text/csv"),
        OfType("a type without a slash", "csv", "no media type", "text/csv"),
        OfType("a page", "text/html", "'text/html' was sent", "text/csv, text/tab-separated-values, application/x-ndjson", "the dataset's format"),
        OfType("no header by the type", "text/csv; header=absent", "header=absent", "dialect.header of the dataset is true"),
        Upload("another character set", "text/csv; charset=iso-2022-jp", 415, "unsupported_charset", [], "iconv -f iso-2022-jp -t UTF-8 FILE"),
        Encoded("bzip2", "bunzip2 -c FILE | gzip -c | curl -X POST -T -", "-H 'Content-Encoding: gzip'"),
        Encoded("xz", "xz -dc FILE | gzip -c | curl -X POST -T -", "-H 'Content-Encoding: gzip'"),
        Encoded("gz", "Did you mean gzip?"),
        Encoded("utf-8", "charset=utf-8"),
        Encoded("compress", "gzip, deflate, br or zstd"),
        WithHeader("a wait in words", "Prefer", "wait=abc", "Prefer: write wait=N"),
        WithHeader("a wait below nothing", "Prefer", "wait=-1", "Prefer: write wait=N"),
        WithHeader("a wait of parts of a second", "Prefer", "wait=1.5", "whole seconds"),
        WithHeader("a key with a blank", "Idempotency-Key", "two words", "Idempotency-Key: give one value", "ASCII"),
        WithHeader("a digest without colons", "Content-Digest", "sha-256=47DEQpj8HBSa", "sha-256=:BASE64:"),
        Upload("a digest that nobody checks", "text/csv", 400, "unsupported_digest", [("Content-Digest", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:")],
            "Content-Digest: has md5", "sha-256=:BASE64:"),
        Upload("a digest of other bytes", "text/csv", 400, "digest_mismatch",
            [("Repr-Digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")], "Repr-Digest does not match", "Nothing was kept"),
        Mistake.Call("a wait in words for a job", "GET", Job, 400, "malformed_header", "Prefer: write wait=N") with
        {
            Headers = [("Prefer", "wait=soon")],
        },
        Mistake.Call("a limit in words", "GET", "/v1/datasets?limit=all", 400, "malformed_query", "'all' is not a whole number"),
        Mistake.Call("a limit of nothing", "GET", "/v1/datasets?limit=0", 400, "malformed_query", "from 1 to 1000"),
        Mistake.Call("a limit of jobs in words", "GET", "/v1/jobs?limit=all", 400, "malformed_query", "'all' is not a whole number from 1 to 1000"),
        Mistake.Call("a state that there is not", "GET", "/v1/jobs?state=done", 400, "malformed_query", "'done' is no state", "succeeded"),
        Mistake.Call("a cursor of one's own", "GET", "/v1/jobs?cursor=2", 400, "malformed_query", "leave it away"),
        Mistake.Call("a source that is too long", "POST", $"{Uploads}?source={new string('x', 101)}", 400, "malformed_query", "101 characters", "1 to 100") with
        {
            Body = Data,
            ContentType = "text/csv",
        },
        Mistake.Call("a source that is misspelt", "POST", $"{Uploads}?sorce=acme", 400, "malformed_query", "/sorce: This call has no such parameter.", "Did you mean \"source\"?") with
        {
            Body = Data,
            ContentType = "text/csv",
        },
        Mistake.Call("a source by another name", "POST", $"{Uploads}?src=acme", 400, "malformed_query", "/src:", "source") with
        {
            Body = Data,
            ContentType = "text/csv",
        },
        Mistake.Call("a filter by another name", "GET", "/v1/jobs?since=2026-03-01", 400, "malformed_query", "/since:", "createdAfter"),
        Mistake.Call("a time that is none", "GET", "/v1/jobs?createdAfter=yesterday", 400, "malformed_query", "createdAfter:", "yesterday"),
        Mistake.Call("a filter twice", "GET", "/v1/jobs?dataset=a&dataset=b", 400, "malformed_query", "/dataset: It is given 2 times"),
        Mistake.Call("a parameter where there are none", "GET", "/v1/datasets/readings?verbose=1", 400, "malformed_query", "/verbose: This call has no parameters."),
        Mistake.Call("NUL in a parameter", "GET", "/v1/jobs?source=a%00b", 400, "malformed_query", "U+0000"),
        Mistake.Call("a definition as CSV", "PUT", "/v1/datasets/declared", 415, "unsupported_media_type", "application/json", "not as text/csv") with
        {
            Body = Data,
            ContentType = "text/csv",
        },
        Mistake.Call("a definition by curl -d alone", "PUT", "/v1/datasets/declared", 415, "unsupported_media_type", "-H 'Content-Type: application/json'") with
        {
            Body = "{}"u8.ToArray(),
            ContentType = "application/x-www-form-urlencoded",
        },
        Mistake.Call("a compressed definition", "PUT", "/v1/datasets/declared", 415, "unsupported_content_encoding", "without Content-Encoding") with
        {
            Body = [0x1F, 0x8B],
            ContentType = "application/json",
            Headers = [("Content-Encoding", "gzip")],
        },
        Mistake.Call("an address of 20 kB", "GET", $"/v1/jobs?source={new string('x', 20_000)}", 414, "uri_too_long", "8 KiB"),
        Mistake.Call("a header of 40 kB", "GET", "/v1/jobs", 431, "headers_too_large", "32 KiB") with
        {
            Headers = [("X-Long", new string('x', 40_000))],
        },
    ];

    private static Mistake OfType(string what, string contentType, params string[] says) =>
        Upload(what, contentType, 415, "unsupported_media_type", [], says);

    private static Mistake Encoded(string encoding, params string[] says) =>
        Upload($"a body in {encoding}", "text/csv", 415, "unsupported_content_encoding", [("Content-Encoding", encoding)],
            [$"Content-Encoding '{encoding}'", .. says]);

    private static Mistake WithHeader(string what, string name, string value, params string[] says) =>
        Upload(what, "text/csv", 400, "malformed_header", [(name, value)], says);

    private static Mistake Upload(
        string what, string contentType, int status, string code, (string, string)[] headers, params string[] says) =>
        Mistake.Call(what, "POST", Uploads, status, code, says) with { Body = Data, ContentType = contentType, Headers = headers };
}
