using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.OpenApi;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions.Transforms;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// A dataset's definition: a Frictionless Data Resource (Data Package 2.0) plus what loading needs. Answers carry it with
/// every default filled in.
/// </summary>
/// <remarks>
/// The written form only: <see cref="DefinitionWriter"/> fills it and OpenAPI describes it. Definitions are read by
/// <see cref="DefinitionReader"/> instead of a serializer, which would stop at the first fault.
/// </remarks>
public sealed record DefinitionDocument
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Title { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>How the data usually comes. An upload's Content-Type decides for that upload.</summary>
    [DefaultValue("csv")]
    [Words("DataFormat", typeof(DefinitionWords), nameof(DefinitionWords.Formats))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Format { get; init; }

    /// <summary>
    /// What encoding the texts have, by the name of IANA: utf-8, utf-16, windows-1252, iso-8859-1, shift_jis, gb18030 and others. Beside utf-8 the
    /// charset of an upload's Content-Type decides for that upload.
    /// </summary>
    [DefaultValue("utf-8")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Encoding { get; init; }

    /// <summary>
    /// How the files are compressed, whatever Content-Encoding the request has; `auto`: with gzip or Zstandard if their first bytes say
    /// so, else not.
    /// </summary>
    [DefaultValue("none")]
    [Words("FileCompression", typeof(DefinitionWords), nameof(DefinitionWords.Compressions))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Compression { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DialectDocument? Dialect { get; init; }

    public required SchemaDocument Schema { get; init; }

    /// <summary>What is done to each record before it is stored, in this order; at most 500 ops.</summary>
    [MaxLength(500)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TransformDocument>? Transforms { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LoadDocument? Load { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RejectsDocument? Rejects { get; init; }

    /// <summary>What lets other datasets look rows of this one up.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LookupDocument? Lookup { get; init; }

    /// <summary>
    /// Whether it is told of each job what its rows are like; default false, and true where there are quality rules. A text is the
    /// standard's `profile`, which says nothing about loading.
    /// </summary>
    [Scalar(JsonSchemaType.Boolean | JsonSchemaType.String)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Profile { get; init; }

    /// <summary>What the rows of an upload must be like, measured by those of the uploads before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public QualityDocument? Quality { get; init; }

    /// <summary>Figures of groups of rows that are kept as rows come and go.</summary>
    [MaxLength(ViewDefinition.ViewsMax)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ViewDocument>? Views { get; init; }

    /// <summary>Examples of what the definition does, run at each PUT; one that fails refuses it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TestDocument>? Tests { get; init; }
}

/// <summary>How other datasets look rows up, with the op lookup; load.mode must be replace.</summary>
public sealed record LookupDocument
{
    /// <summary>
    /// The fields by which a row is found: the primary key of the schema, or one of its unique keys. Default: the primary key.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Key { get; init; }

    /// <summary>
    /// Bytes of rows, as far as they are asked for, that an instance keeps in memory for all jobs that look them up. What is more is
    /// asked for by one query a chunk; 0: always.
    /// </summary>
    [DefaultValue(67_108_864L)]
    [Range(0, 1_073_741_824)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MemoryBytesMax { get; init; }
}

/// <summary>A record, and what must become of it: one of row, rejected and filtered.</summary>
public sealed record TestDocument
{
    /// <summary>What the data calls a field → its value, as an object of an upload of NDJSON.</summary>
    [Scalar(JsonSchemaType.Object)]
    public required JsonElement Record { get; init; }

    /// <summary>
    /// Of datasets that are looked up, by their names: an array of the rows that count as there, objects as of an upload of
    /// NDJSON. Default: those that
    /// are there.
    /// </summary>
    [Scalar(JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Lookups { get; init; }

    /// <summary>
    /// Of services that are asked, by their names: what they answer, each an `input` with the `output` or the `error`. Tests ask nobody.
    /// </summary>
    [Scalar(JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Services { get; init; }

    /// <summary>Columns that the row must have → their values; the others may have any.</summary>
    [Scalar(JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Row { get; init; }

    /// <summary>The record must be rejected, with this code among its reasons.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Rejected { get; init; }

    /// <summary>The record must be left out, by the filter of this name, or by any: true.</summary>
    [Scalar(JsonSchemaType.Boolean | JsonSchemaType.String)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Filtered { get; init; }
}

/// <summary>The fields and the key (Table Schema).</summary>
public sealed record SchemaDocument
{
    public required IReadOnlyList<FieldDocument> Fields { get; init; }

    /// <summary>
    /// How the fields in the data must match those of the schema. Default: `equal` where the data names its fields, `exact`
    /// where it does not.
    /// </summary>
    [Words("FieldsMatch", typeof(DefinitionWords), nameof(DefinitionWords.FieldsMatches))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FieldsMatch { get; init; }

    /// <summary>
    /// Texts that stand for "no value", each for itself or with a label: `{ "value": "-99", "label": "refused" }`. Default: the
    /// empty text.
    /// </summary>
    [Scalar(JsonSchemaType.String | JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<JsonElement>? MissingValues { get; init; }

    /// <summary>Names of the fields that together identify a row.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? PrimaryKey { get; init; }

    /// <summary>Sets of fields whose values together no two rows share; rows without a value in one of them do not count.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<string>>? UniqueKeys { get; init; }

    /// <summary>Fields whose values must be there in a row of this or another table.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ForeignKeyDocument>? ForeignKeys { get; init; }

    /// <summary>
    /// The field, of type object, that takes what the data has and the schema does not declare. It is not looked for in the data, and
    /// is added to the fields where it is not one of them.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Rest { get; init; }
}

/// <summary>Fields that refer to rows.</summary>
public sealed record ForeignKeyDocument
{
    public required IReadOnlyList<string> Fields { get; init; }

    public required ReferenceDocument Reference { get; init; }
}

/// <summary>What a foreign key refers to.</summary>
public sealed record ReferenceDocument
{
    /// <summary>Another dataset, or a table as `schema.table`. Default: the same table.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Resource { get; init; }

    /// <summary>The fields of a key there, as many as refer to it, in their order.</summary>
    public required IReadOnlyList<string> Fields { get; init; }
}

/// <summary>One field.</summary>
public sealed record FieldDocument
{
    /// <summary>The column's name, and the name in the data unless source says otherwise.</summary>
    public required string Name { get; init; }

    [DefaultValue("any")]
    [Words("FieldType", typeof(DefinitionWords), nameof(DefinitionWords.FieldTypes))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>
    /// How the type is written. Of a string `default`, `email`, `uri`, `binary` (base64) or `uuid`; of a date, time or datetime
    /// `default`, `any`, or a pattern of strptime such as `%d/%m/%Y`; of a geopoint `default`, `array` or `object`; of geojson
    /// `default` or `topojson`.
    /// </summary>
    [DefaultValue("default")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Format { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Title { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>The field's name in the data when it differs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Source { get; init; }

    /// <summary>
    /// Where the value stands in a record of JSON: a JSON pointer (`/geo/lat`) or names with dots (`geo.lat`); behind a `^` in the document
    /// that has the record among its items (`^/host`).
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Path { get; init; }

    /// <summary>
    /// The column's type, for example numeric(10,2), or any other type of the database, for example public.mood. Default: by
    /// the field's type; of a text in a table that is there, the column's type if only the database knows it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SqlType { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ConstraintsDocument? Constraints { get; init; }

    /// <summary>Texts that stand for "no value" in this field, in place of those of the schema.</summary>
    [Scalar(JsonSchemaType.String | JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<JsonElement>? MissingValues { get; init; }

    /// <summary>
    /// Of strings and integers: the only values that are taken, each for itself or as
    /// `{ "value": 0, "label": "apple" }`.
    /// </summary>
    [Scalar(JsonSchemaType.Number | JsonSchemaType.String | JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<JsonElement>? Categories { get; init; }

    /// <summary>Whether the categories stand in their natural order.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? CategoriesOrdered { get; init; }

    /// <summary>Of numbers: text before the fraction; default a dot.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DecimalChar { get; init; }

    /// <summary>Of numbers: text between groups of digits; default none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? GroupChar { get; init; }

    /// <summary>Of numbers: false allows text around them; default true.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? BareNumber { get; init; }

    /// <summary>Of booleans: texts for true; default true, True, TRUE, 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? TrueValues { get; init; }

    /// <summary>Of booleans: texts for false; default false, False, FALSE, 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? FalseValues { get; init; }

    /// <summary>Of lists: text between the items; default a comma.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Delimiter { get; init; }

    /// <summary>Of lists: what the items are; default string.</summary>
    [Words("ItemType", typeof(DefinitionWords), nameof(DefinitionWords.ItemTypes))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ItemType { get; init; }
}

/// <summary>What each value must fulfil.</summary>
public sealed record ConstraintsDocument
{
    /// <summary>Whether every record must have a value; fields of the primary key always must.</summary>
    [DefaultValue(false)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Required { get; init; }

    /// <summary>Whether no two rows of the table share a value; rows without one do not count.</summary>
    [DefaultValue(false)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Unique { get; init; }

    /// <summary>
    /// A number, or the text of a value of the field's type: of a date, or of a number with more digits than a double
    /// has.
    /// </summary>
    [Scalar(JsonSchemaType.Number | JsonSchemaType.String)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Minimum { get; init; }

    /// <summary>As minimum.</summary>
    [Scalar(JsonSchemaType.Number | JsonSchemaType.String)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Maximum { get; init; }

    /// <summary>As minimum, and the bound itself is not taken.</summary>
    [Scalar(JsonSchemaType.Number | JsonSchemaType.String)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? ExclusiveMinimum { get; init; }

    /// <summary>As maximum, and the bound itself is not taken.</summary>
    [Scalar(JsonSchemaType.Number | JsonSchemaType.String)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? ExclusiveMaximum { get; init; }

    /// <summary>Unicode code points of a text, elements of an array, items of a list, members of an object.</summary>
    [Range(0, int.MaxValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MinLength { get; init; }

    /// <summary>As minLength.</summary>
    [Range(0, int.MaxValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxLength { get; init; }

    /// <summary>A regular expression that must match the whole value.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Pattern { get; init; }

    /// <summary>Of objects and arrays: a JSON Schema that values must conform to.</summary>
    [Scalar(JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? JsonSchema { get; init; }

    /// <summary>The only values that are taken: numbers, booleans, or texts of values.</summary>
    [Scalar(JsonSchemaType.Number | JsonSchemaType.String | JsonSchemaType.Boolean)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<JsonElement>? Enum { get; init; }
}
