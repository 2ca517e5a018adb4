using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>
/// The words of <c>transforms</c>: the ops, each with its reader, the words of their properties, and words that are
/// none.
/// </summary>
internal static class OpWords
{
    public static readonly ImmutableArray<(string Word, Func<OpReader, TransformOp> Read)> Ops =
    [
        ("trim", CharacterOps.ReadTrim),
        ("collapse_whitespace", CharacterOps.ReadCollapseWhitespace),
        ("lower", CharacterOps.ReadLower),
        ("upper", CharacterOps.ReadUpper),
        ("truncate", CharacterOps.ReadTruncate),
        ("pad", CharacterOps.ReadPad),
        ("replace", ValueOps.ReadReplace),
        ("map", ValueOps.ReadMap),
        ("null_if", ValueOps.ReadNullIf),
        ("default", ValueOps.ReadDefault),
        ("parse_date", CalendarOps.ReadParseDate),
        ("date_part", CalendarOps.ReadDatePart),
        ("split", PartOps.ReadSplit),
        ("concat", PartOps.ReadConcat),
        ("flatten", PartOps.ReadFlatten),
        ("derive", ExpressionOps.ReadDerive),
        ("filter", ExpressionOps.ReadFilter),
        ("require", ExpressionOps.ReadRequire),
        ("lookup", LookupOps.ReadLookup),
        ("score", ScoreOps.ReadScore),
        ("hash", PrivacyOps.ReadHash),
        ("mask", PrivacyOps.ReadMask),
        ("redact", PrivacyOps.ReadRedact),
    ];

    public static readonly ImmutableArray<(string Word, MapElse Value)> MapElses =
        [("keep", MapElse.Keep), ("null", MapElse.Null), ("reject", MapElse.Reject)];

    public static readonly ImmutableArray<(string Word, PadSide Value)> PadSides = [("start", PadSide.Start), ("end", PadSide.End)];

    public static readonly ImmutableArray<(string Word, HashKind Value)> HashKinds =
        [("sha256", HashKind.Sha256), ("hmac-sha256", HashKind.HmacSha256)];

    public static readonly ImmutableArray<(string Word, OnError Value)> OnErrors = [("reject", OnError.Reject), ("null", OnError.Null)];

    public static readonly ImmutableArray<(string Word, OnMissing Value)> OnMissings =
        [("reject", OnMissing.Reject), ("null", OnMissing.Null), ("keep", OnMissing.Keep)];

    /// <summary>The names of expressions' <c>extract</c> are taken as well.</summary>
    public static readonly ImmutableArray<(string Word, DatePart Value)> DateParts =
    [
        ("year", DatePart.Year),
        ("quarter", DatePart.Quarter),
        ("month", DatePart.Month),
        ("week", DatePart.Week),
        ("day", DatePart.Day),
        ("day_of_week", DatePart.DayOfWeek),
        ("day_of_year", DatePart.DayOfYear),
        ("hour", DatePart.Hour),
        ("minute", DatePart.Minute),
        ("second", DatePart.Second),
        ("week_year", DatePart.WeekYear),
        ("isodow", DatePart.DayOfWeek),
        ("doy", DatePart.DayOfYear),
        ("isoyear", DatePart.WeekYear),
    ];

    /// <summary>The properties of all ops.</summary>
    public static readonly ImmutableArray<string> Properties =
        [.. typeof(TransformDocument).GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name))];

    /// <summary>Ops of other tools, and what does the same here.</summary>
    public static readonly FrozenDictionary<string, string> OfOps = Table(
        Mean("\"trim\"", "strip", "strip_whitespace"),
        Mean("\"lower\"", "lowercase", "to_lower", "downcase"),
        Mean("\"upper\"", "uppercase", "to_upper", "upcase"),
        Mean("\"replace\"", "regex_replace", "gsub", "substitute"),
        Mean("\"null_if\"", "nullif", "nullify"),
        Mean("\"default\"", "coalesce", "fill", "fill_null", "fillna"),
        Mean("\"map\"", "translate", "recode"),
        Mean("\"lookup\"", "lookup_table", "join_dataset", "enrich", "vlookup", "left_join"),
        Mean("\"score\"", "predict", "model", "onnx", "infer", "inference", "classify"),
        Mean("\"concat\"", "join", "concatenate"),
        Mean("\"flatten\"", "unnest", "json_extract", "struct"),
        Mean("\"hash\", \"mask\" or \"redact\"", "anonymize", "pseudonymize", "encrypt", "obfuscate"),
        Mean("\"derive\"", "compute", "calculate", "add_column", "with_column"),
        Mean("\"filter\"", "where", "keep_if", "exclude"),
        Mean("\"require\"", "assert", "validate", "check", "expect"),
        Mean("\"pad\", with \"side\"", "lpad", "rpad"),
        Mean("\"parse_date\"", "to_date", "to_timestamp", "to_datetime", "strptime", "date"),
        Mean("\"date_part\"", "extract", "datepart"),
        [
            ("rename", "The field of the schema has it: \"name\" for the column, \"source\" for the name in the data."),
            ("cast", "The field of the schema has it: \"type\" and \"sqlType\"."),
            ("drop", "Leave the field out of the schema, and set schema.fieldsMatch to \"subset\"."),
        ]);

    /// <summary>Other names of properties.</summary>
    public static readonly FrozenDictionary<string, string> OfProperties = Table(
        Mean("\"fields\"", "columns", "column"),
        Mean("\"with\"", "replacement", "by", "to"),
        Mean("\"pattern\"", "regex"),
        Mean("\"text\"", "find", "search"),
        Mean("\"table\"", "mapping", "map"),
        Mean("\"else\"", "otherwise", "fallback"),
        Mean("\"formats\"", "format", "patterns"),
        Mean("\"inputs\"", "features", "input"),
        Mean("\"defaults\"", "default", "fillna"),
        Mean("\"set\"", "outputs", "output"),
        Mean("\"onError\"", "on_error", "error", "errors"),
        Mean("\"part\"", "unit"),
        Mean("\"from\"", "dataset", "source", "lookup"),
        Mean("\"match\"", "on", "keys", "using"),
        Mean("\"set\"", "select", "take", "values_from"),
        Mean("\"missing\"", "onMissing", "on_missing", "notFound", "not_found"),
        Mean("\"expression\"", "expr", "condition", "where", "formula"),
        Mean("\"length\"", "max", "maxLength", "width"),
        Mean("\"character\"", "char", "fill"),
        Mean("\"characters\"", "chars"),
        Mean("\"secret\", the name of a setting: the secret itself never stands in a definition", "key"),
        Mean("\"saltFrom\", the name of a setting: the salt itself never stands in a definition", "salt"));

    private static FrozenDictionary<string, string> Table(params (string Word, string Advice)[][] words) =>
        words.SelectMany(all => all).ToFrozenDictionary(w => w.Word, w => w.Advice, StringComparer.OrdinalIgnoreCase);

    private static (string Word, string Advice)[] Mean(string meant, params string[] words) =>
        [.. words.Select(word => (word, $"Did you mean {meant}?"))];
}
