using System.IO.Compression;
using System.Text;

namespace PipelineService.Tests.Journeys.FirstHour;

/// <summary>Files that are not written as the dataset says.</summary>
internal static class CsvMistakes
{
    private const string Row = "n,2026-03-01T06:00:00Z,4\n";
    private const string Good = "sensor,taken_at,celsius\n" + Row;

    public static IEnumerable<Mistake> All => [.. OtherForms, .. OtherDelimiters, .. OtherNames, .. BadRecords];

    private static Mistake[] OtherForms =>
    [
        Header("gzip that nobody announced", Gzip(Good), "compressed with gzip", "-H 'Content-Encoding: gzip'", "\"compression\": \"gzip\""),
        Header("Zstandard that nobody announced", [0x28, 0xB5, 0x2F, 0xFD, 0xFF], "compressed with Zstandard", "-H 'Content-Encoding: zstd'"),
        Header("a workbook", [.. "PK\u0003\u0004"u8, 0x14, 0, 0xFF], "ZIP", ".xlsx", "spreadsheetml.sheet"),
        Header("an old workbook", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1], ".xls", "the sheet as CSV in UTF-8"),
        Header("a Parquet file", [.. "PAR1"u8, 0x15, 4, 0xFF], "Parquet", "application/vnd.apache.parquet"),
        Header("UTF-16 with a mark", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Good)], "UTF-16", "charset=utf-16"),
        Header("UTF-16 without a mark", Encoding.Unicode.GetBytes(Good), "U+0000", "UTF-16"),
        Header("Latin-1", Encoding.Latin1.GetBytes("größe\n"), "not valid UTF-8"),
        Header("JSON for CSV", "{\"sensor\":\"n\"}\n", "looks like JSON", "application/x-ndjson"),
        Header("an error page", "<html>\n<body>404</body>\n", "looks like HTML"),
        Header("a hint for Excel", "sep=;\nsensor;taken_at;celsius\n", "a hint for spreadsheets", "remove it"),
        Header("a comment above the header", $"# made by hand\n{Good}", "comment", "set dialect.commentChar to \"#\""),
        Header("a title above the header", $"Readings of March\n\n{Good}", "Row 3 looks like the header", "set dialect.headerRows to [3]"),
        Header("an empty file", "", "empty"),
        Mistake.Upload("gzip without a header", FirstHourService.Bare, "text/csv", Gzip(Row), "not_text", "compressed with gzip", "Content-Encoding: gzip"),
        Mistake.Upload(
            "an old workbook as browsers name it", FirstHourService.Readings, "application/vnd.ms-excel", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1],
            "header_mismatch", "the sheet as CSV in UTF-8"),
    ];

    private static Mistake[] OtherDelimiters =>
    [
        Header("semicolons", Good.Replace(',', ';'), "looks delimited by \";\" and not by \",\"", "set dialect.delimiter to \";\""),
        Header("semicolons and quotes", "\"sensor\";\"taken_at\";\"celsius\"\n", "looks delimited by \";\"", "dialect.delimiter"),
        Header("semicolons and other names", "Messstelle;Zeit;Grad\n", "looks delimited by \";\"", "dialect.delimiter"),
        Header("tabs", Good.Replace(',', '\t'), "looks delimited by tabs", "dialect.delimiter to \"\\t\"", "text/tab-separated-values"),
        Header("bars", Good.Replace(',', '|'), "looks delimited by \"|\"", "dialect.delimiter"),
        Mistake.Upload(
            "commas sent as tabs", FirstHourService.Readings, "text/tab-separated-values", Good, "header_mismatch",
            "looks delimited by \",\" and not by tabs", "send the data as text/csv"),
        Header("curl -d @FILE", Good.Replace("\n", "", StringComparison.Ordinal), "only this one line", "--data-binary"),
    ];

    private static Mistake[] OtherNames =>
    [
        Header("no header", Row + Row, "looks like a record", "dialect.header to false"),
        Header("no header, and nothing but names", "north,dawn,cold\nsouth,noon,warm\n", "If the data has no header, set dialect.header to false"),
        Header("names in capitals", "SENSOR,TAKEN_AT,CELSIUS\n" + Row, "differ only in case", "\"source\"", "dialect.headerMatch"),
        Header("names with blanks", "sensor, taken_at,celsius \n" + Row, "differ only in blanks", "\"source\""),
        Header("blanks before quotes", "\"sensor\", \"taken_at\", \"celsius\"\n" + Row, "Blanks stand before quotes", "dialect.skipInitialSpace to true"),
        Header("a delimiter at the end of each line", "sensor,taken_at,celsius,\n", "Column 4 has no name", "fieldsMatch to \"subset\""),
        Header("names with other punctuation", "sensor,taken-at,celsius\n" + Row, "differ only in punctuation"),
        Header("two byte order marks", "\uFEFF\uFEFF" + Good, "invisible character U+FEFF (byte order mark)", "\\uFEFFsensor"),
        Header("a zero-width space", Good.Replace("taken_at", "taken_at\u200B", StringComparison.Ordinal), "U+200B (zero width space)"),
        Header("a no-break space", Good.Replace("sensor", "sensor\u00A0", StringComparison.Ordinal), "U+00A0 (no-break space)"),
        Header("a column too many", "sensor,taken_at,celsius,note\n", "unknown \"note\"", "fieldsMatch to \"subset\""),
        Header("a column too few", "sensor,celsius\nn,4\n", "missing \"taken_at\"", "fieldsMatch to \"superset\""),
        Header("a column twice", "sensor,taken_at,celsius,sensor\n", "more than once \"sensor\""),
        Header("a quote that stays open", "\"sensor,taken_at,celsius\n", "a quote that is not closed"),
        Header(
            "a CSV of rejects with a column taken out", "sensor,taken_at,celsius,_record,_line,_field,_code,_message\n",
            "columns of a CSV of rejects", "_raw", "leave all of them in, or take all of them out"),
    ];

    private static Mistake[] BadRecords =>
    [
        Record("a word for a number", "n,2026-03-01T06:00:00Z,warm", "type_mismatch", "celsius", "expected a decimal number", "value warm"),
        Record("a decimal comma", "n,2026-03-01T06:00:00Z,\"4,5\"", "type_mismatch", "celsius", "value 4,5"),
        Record("a German day", "n,01.03.2026,4", "type_mismatch", "taken_at", "YYYY-MM-DDThh:mm:ss"),
        Record("a number out of bounds", "n,2026-03-01T06:00:00Z,61", "maximum", "celsius", "at most 60"),
        Record("too many digits", "n,2026-03-01T06:00:00Z,4.125", "out_of_range", "numeric(5,2)", "2 after it"),
        Record("no value", ",2026-03-01T06:00:00Z,4", "required", "sensor", "A value is required"),
        Record("a record that is too short", "n,2026-03-01T06:00:00Z", "too_few_fields", "The record has 2 fields where 3 are expected."),
        Record("a record that is too long", "n,2026-03-01T06:00:00Z,4,5", "too_many_fields", "The record has 4 fields where 3 are expected."),
        Record("a quote inside a value", "\"n\"orth,2026-03-01T06:00:00Z,4", "unterminated_quote", "text follows its closing quote"),
        Mistake.Upload(
            "a value of a mended file", FirstHourService.People, "text/csv",
            "id,phone,_raw,_record,_line,_field,_code,_message\n'=x,1,,1,2,id,type_mismatch,not\n", "type_mismatch", "Not an integer", "value =x"),
    ];

    private static Mistake Header(string what, string data, params string[] says) => Header(what, Encoding.UTF8.GetBytes(data), says);

    private static Mistake Header(string what, byte[] data, params string[] says) =>
        Mistake.Upload(what, FirstHourService.Readings, "text/csv", data, "header_mismatch", says);

    private static Mistake Record(string what, string record, string code, params string[] says) =>
        Mistake.Upload(what, FirstHourService.Readings, "text/csv", $"sensor,taken_at,celsius\n{record}\n", code, says);

    private static byte[] Gzip(string text)
    {
        using MemoryStream file = new();
        using (GZipStream gzip = new(file, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return file.ToArray();
    }
}
