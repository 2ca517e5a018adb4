using System.Text;

namespace PipelineService.Tests.Journeys.FirstHour;

/// <summary>Lines that are not one JSON object each, and objects that the schema does not know.</summary>
internal static class NdjsonMistakes
{
    public static IEnumerable<Mistake> All =>
    [
        Line("an array over several lines", "[\n{\"sensor\":\"a\"},\n{\"sensor\":\"b\"}\n]\n", "JSON array", "application/json", "one complete object a line", "jq -c '.[]'"),
        Line("an array on one line", "[{\"sensor\":\"a\"},{\"sensor\":\"b\"}]\n", "JSON array", "jq -c '.[]'"),
        Line("an array without its first line", "{\"sensor\":\"a\"},\n{\"sensor\":\"b\"}\n", "JSON array"),
        Line("an object over several lines", "{\n  \"sensor\": \"a\"\n}\n", "only a part of an object", "jq -c ."),
        Line("an object that is cut", "{\"sensor\":\"a\",\"cel\n", "only a part of an object"),
        Line("lines that were glued", "{\"sensor\":\"a\"}{\"sensor\":\"b\"}", "more than one object", "--data-binary"),
        Line("a dictionary of Python", "{'sensor': 'a'}\n", "double quotes", "json.dumps"),
        Line("CSV for NDJSON", "sensor,celsius\na,4\n", "does not begin with a brace", "Send CSV as text/csv"),
        Line("NaN in a record", "{\"celsius\":NaN}\n", "JSON has no NaN", "write null"),
        Mistake.Upload(
            "a property that is not declared", FirstHourService.Events, "application/x-ndjson", "{\"sensor\":\"a\",\"celcius\":4}\n",
            "too_many_fields", "no field of this name", "declare it", "fieldsMatch to \"subset\"", "\"celcius\":4"),
        Mistake.Upload(
            "a number for a text", FirstHourService.Events, "application/x-ndjson", "{\"sensor\":4}\n", "type_mismatch", "sensor", "expected text"),
        Mistake.Upload(
            "compressed lines", FirstHourService.Events, "application/x-ndjson", [0x1F, 0x8B, 8, 0], "not_text", "compressed with gzip", "Content-Encoding: gzip"),
        Mistake.Upload(
            "lines in UTF-16", FirstHourService.Events, "application/x-ndjson", Encoding.Unicode.GetBytes("{\"sensor\":\"a\"}\n"),
            "not_text", "UTF-16", "charset=utf-16le"),
        Mistake.Upload(
            "a workbook as lines", FirstHourService.Events, "application/x-ndjson", [.. "PK\u0003\u0004"u8, 0x14],
            "not_text", "ZIP", "spreadsheetml.sheet"),
    ];

    /// <summary>Documents of JSON whose records are not found, or not told apart.</summary>
    public static IEnumerable<Mistake> OfDocuments =>
    [
        Document("an object around the records", "{\"count\":1,\"items\":[{\"sensor\":\"a\"}]}", "document_mismatch",
            "Set dialect.property to the name of the array in it (it has arrays under \"items\")"),
        Document("lines of objects", "{\"sensor\":\"a\"}\n{\"sensor\":\"b\"}\n", "document_mismatch", "one object a line", "application/x-ndjson"),
        Document("lines of objects in brackets", "[{\"sensor\":\"a\"}\n{\"sensor\":\"b\"}]", "malformed_document", "at byte 16 (line 2)", "application/x-ndjson"),
        Document("an array that was cut", "[{\"sensor\":\"a\"},\n{\"sen", "malformed_document", "ends at byte 22 (line 2)", "truncated"),
        Document("a comma too many", "[{\"sensor\":\"a\"},]", "malformed_document", "take the comma away"),
        Document("two documents", "[{\"sensor\":\"a\"}]\n[{\"sensor\":\"b\"}]", "malformed_document", "Send one document an upload"),
        Document("CSV for JSON", "sensor,celsius\na,4\n", "document_mismatch", "CSV as text/csv"),
    ];

    private static Mistake Document(string what, string data, string code, params string[] says) =>
        Mistake.Upload(what, FirstHourService.Events, "application/json", data, code, says);

    private static Mistake Line(string what, string data, params string[] says) =>
        Mistake.Upload(what, FirstHourService.Events, "application/x-ndjson", data, "malformed_json", says);
}
