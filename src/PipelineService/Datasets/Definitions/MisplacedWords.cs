using System.Collections.Frozen;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Words that people put where a definition does not have them, with what they most likely mean: words of another place in it, and
/// those of other tools. A sentence each, to stand behind the one that says that the word is not known there.
/// </summary>
internal static class MisplacedWords
{
    private const string Default = "Defaults belong to the table: ALTER TABLE … SET DEFAULT, and leave the column out of the data.";

    public static readonly FrozenDictionary<string, string> OfResource = Table(
        Belong("schema", "fields", "missingValues", "primaryKey", "uniqueKeys", "foreignKeys", "fieldsMatch"),
        Belong(
            "dialect", "delimiter", "lineTerminator", "quoteChar", "doubleQuote", "escapeChar", "skipInitialSpace", "nullSequence",
            "header", "headerRows", "headerJoin", "headerMatch", "commentRows", "commentChar", "raggedRows", "itemKeys"),
        Belong("load", "table", "mode", "commit", "lineage", "keepUpload"),
        Belong("rejects", "maxCount", "maxRatio"),
        Belong("lookup", "memoryBytesMax"),
        Belong("quality", "rules", "baseline", "onBreach"),
        Belong("views", "groupBy", "measures"),
        Mean("schema.fields", "columns"),
        Mean("dialect.delimiter", "separator", "sep"),
        Mean("load.table", "tableName", "target"),
        [
            ("resources", "This is a data package: send one of its resources alone."),
            ("definition", "This is an answer of the service: send what stands under \"definition\" alone."),
        ]);

    public static readonly FrozenDictionary<string, string> OfDialect = Table(
        Mean("delimiter", "separator", "sep", "fieldDelimiter"),
        Mean("quoteChar", "quote", "quoteCharacter", "enclosure"),
        Mean("escapeChar", "escape", "escapeCharacter"),
        Mean("lineTerminator", "lineDelimiter", "newline", "rowDelimiter", "recordDelimiter"),
        Mean("nullSequence", "null", "nullString", "nullValue"),
        Mean("commentChar", "comment", "comments"),
        Mean("header", "hasHeader", "headers", "skipHeader"),
        Mean("headerRows", "headerRow", "skipRows", "skipLeadingRows", "skipLines"),
        Mean("headerMatch", "headerCase", "caseSensitive"),
        Mean("raggedRows", "nullPadding", "null_padding", "allowJaggedRows"),
        Mean("itemKeys", "keys"),
        [("encoding", "It stands beside \"dialect\".")]);

    public static readonly FrozenDictionary<string, string> OfSchema = Table(
        Mean("fields", "columns", "properties"),
        [
            ("required", "Each field has it for itself: \"constraints\": { \"required\": true }."),
            ("key", "Did you mean \"primaryKey\"?"),
            ("unique", "Did you mean \"uniqueKeys\"?"),
        ]);

    public static readonly FrozenDictionary<string, string> OfField = Table(
        Belong(
            "constraints", "required", "unique", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
            "maxLength", "pattern", "enum"),
        Mean("constraints.required", "nullable", "notNull", "mandatory", "optional"),
        Mean("constraints.minimum", "min"),
        Mean("constraints.maximum", "max"),
        Mean("constraints.pattern", "regex"),
        Mean("constraints.enum", "values", "allowed"),
        Mean("name", "column"),
        Mean("type", "dataType", "data_type"),
        [
            ("primaryKey", "The schema has it: \"primaryKey\": [ … ], with the names of its fields."),
            ("default", Default),
            ("length", "Use \"constraints\": { \"maxLength\": … }, or \"sqlType\": \"varchar(…)\"."),
            ("precision", "Use \"sqlType\": \"numeric(…,…)\"."),
            ("scale", "Use \"sqlType\": \"numeric(…,…)\"."),
        ]);

    public static readonly FrozenDictionary<string, string> OfConstraints = Table(
        Mean("required", "nullable", "notNull", "mandatory"),
        Mean("minimum", "min"),
        Mean("maximum", "max"),
        Mean("pattern", "regex"),
        Mean("enum", "values", "allowed"),
        [
            ("length", "Use \"minLength\" and \"maxLength\"."),
            ("primaryKey", "The schema has it: \"primaryKey\": [ … ], with the names of its fields."),
            ("default", Default),
        ]);

    public static readonly FrozenDictionary<string, string> OfLoad = Table(
        Mean("table", "tableName", "target", "name"),
        Mean("mode", "writeDisposition", "write_disposition", "write", "disposition"),
        [("schema", "Write it before the table's name: \"table\": \"schema.table\".")]);

    /// <summary>Other names of the values of <c>mode</c>, and modes that there are not.</summary>
    public static readonly FrozenDictionary<string, string> OfMode = Table(
        Mean("replace", "overwrite", "truncate", "full", "full_refresh", "refresh"),
        Mean("append", "insert", "incremental"),
        ((string[])["upsert", "merge"]).Select(
            word => (word, "This version cannot do it: use append, or replace where each upload has all rows.")).ToArray());

    /// <summary>Other names of the values of <c>format</c>, and formats that there are not.</summary>
    public static readonly FrozenDictionary<string, string> OfFormat = Table(
        Mean("ndjson", "jsonl", "jsonlines", "json-lines"),
        Mean("json-seq", "jsonseq", "json_seq", "jsonsequence"),
        Mean("xlsx", "excel"),
        Mean("arrow", "feather", "ipc", "arrows"),
        [
            ("geojson", "Use \"json\", with \"dialect\": { \"property\": \"features\" }."),
            .. ((string[])["xls", "ods", "avro", "xml"]).Select(
                word => (word, "This version cannot read it: export the data as CSV or NDJSON.")),
        ]);

    /// <summary>Ways to compress that there are not.</summary>
    public static readonly FrozenDictionary<string, string> OfCompression = Table(
        Mean("auto", "infer", "detect"),
        [
            ("zip", "An archive is not unpacked: send the file in it."),
            .. ((string[])["bz2", "bzip2", "xz", "lzma", "snappy", "lz4"]).Select(
                word => (word, "This version cannot read it: compress the files with gzip or zstd.")),
        ]);

    private static FrozenDictionary<string, string> Table(params (string Word, string Advice)[][] words) =>
        words.SelectMany(all => all).ToFrozenDictionary(w => w.Word, w => w.Advice, StringComparer.OrdinalIgnoreCase);

    private static (string Word, string Advice)[] Belong(string place, params string[] words) =>
        [.. words.Select(word => (word, $"Did you mean \"{place}.{word}\"?"))];

    private static (string Word, string Advice)[] Mean(string meant, params string[] words) =>
        [.. words.Select(word => (word, $"Did you mean \"{meant}\"?"))];
}
