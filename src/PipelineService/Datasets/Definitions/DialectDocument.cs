using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets.Definitions;

/// <summary>How delimited text is written, and what a record of JSON is (Table Dialect).</summary>
public sealed record DialectDocument
{
    /// <summary>The text between fields, of up to 64 bytes.</summary>
    [DefaultValue(",")]
    [StringLength(64, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Delimiter { get; init; }

    /// <summary>The text that ends a record, and then the only one. Default, and where it is a line end: LF, CRLF and CR.</summary>
    [StringLength(64, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LineTerminator { get; init; }

    /// <summary>The character around fields that hold delimiters, quotes or line ends; an empty text for no quotes.</summary>
    [DefaultValue("\"")]
    [StringLength(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? QuoteChar { get; init; }

    /// <summary>Whether two quotes inside quotes mean one.</summary>
    [DefaultValue(true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? DoubleQuote { get; init; }

    /// <summary>The character that makes data of what follows it, in quotes and outside. Default: none.</summary>
    [StringLength(1, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EscapeChar { get; init; }

    /// <summary>Whether spaces before a field are no part of it.</summary>
    [DefaultValue(false)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? SkipInitialSpace { get; init; }

    /// <summary>What stands, as written and without quotes, where there is no value; beside the schema's missingValues.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NullSequence { get; init; }

    /// <summary>Whether the data names its fields.</summary>
    [DefaultValue(true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Header { get; init; }

    /// <summary>The rows, from 1 on, that name the fields; rows before the last of them are no records. Default: the first row.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? HeaderRows { get; init; }

    /// <summary>What stands between the parts of a name that several rows make.</summary>
    [DefaultValue(" ")]
    [StringLength(64)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HeaderJoin { get; init; }

    /// <summary>
    /// When a name in the data is a field's: `exact`, or `caseInsensitive`, for which blanks around it do not count
    /// either.
    /// </summary>
    [DefaultValue("exact")]
    [Words("HeaderMatch", typeof(DefinitionWords), nameof(DefinitionWords.HeaderMatches))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HeaderMatch { get; init; }

    /// <summary>Rows, from 1 on, that are no records; they come before the records. Default: none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? CommentRows { get; init; }

    /// <summary>What lines begin with that are no records. Default: none.</summary>
    [StringLength(64, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CommentChar { get; init; }

    /// <summary>
    /// Records with fewer or more fields than the header: `reject`, `pad` (fields that are left out at the end have no value),
    /// `trim` (fields behind the last one are passed over) or `padAndTrim`.
    /// </summary>
    [DefaultValue("reject")]
    [Words("RaggedRows", typeof(DefinitionWords), nameof(DefinitionWords.RaggedRowWords))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RaggedRows { get; init; }

    /// <summary>Of a workbook the sheet that has the records. Default: the first that is not hidden.</summary>
    [StringLength(255, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SheetName { get; init; }

    /// <summary>The same by its number, from 1 on.</summary>
    [Range(1, 1000)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? SheetNumber { get; init; }

    /// <summary>
    /// What a record of JSON is: `object`, or `array`. Of arrays the first has the names, unless itemKeys has them, or header is
    /// false.
    /// </summary>
    [DefaultValue("object")]
    [Words("JsonItemType", typeof(DefinitionWords), nameof(DefinitionWords.JsonItemTypes))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ItemType { get; init; }

    /// <summary>Of objects of JSON the only names that are read; of arrays the names of their items. Default: the schema's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? ItemKeys { get; init; }

    /// <summary>
    /// Where the array of the records stands in a JSON document: a name, or a JSON pointer such as `/data/items`. An empty text says that
    /// the document itself is the array or, where it is an object, the one record. Default: the document is the array.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Property { get; init; }

    /// <summary>
    /// Where, in each JSON document, the array of its records stands, as a JSON pointer (`/events`) or with dots (`$.events`): one document
    /// gives many records. Fields reach what stands beside the array by a path that begins with `^`. Default: each document is a record.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Items { get; init; }
}
