using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.OpenApi;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>
/// One op of `transforms`. Which properties it has is told by its `op`; docs/transforms.md describes each op with an example.
/// </summary>
/// <remarks>
/// One type with the properties of all ops, because clients that are generated from a list of alternatives differ in what they make of
/// it, and none of them reads well.
/// </remarks>
public sealed record TransformDocument
{
    /// <summary>What is done.</summary>
    [Words("TransformOp", typeof(OpWords), nameof(OpWords.Ops))]
    public required string Op { get; init; }

    /// <summary>What counts and messages call it; unique in the definition.</summary>
    [StringLength(63, MinimumLength = 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>
    /// The fields to work on: names, and patterns in which `*` stands for any characters. Of concat: the fields to put together.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Fields { get; init; }

    /// <summary>
    /// Of split, date_part and flatten: the field whose text is cut or read. Of concat and derive: the field that takes the result.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Field { get; init; }

    /// <summary>Of the field that takes the result, where the schema does not declare it; default string.</summary>
    [Words("FieldType", typeof(DefinitionWords), nameof(DefinitionWords.FieldTypes))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>Of the field that takes the result, where the schema does not declare it; default the type's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Format { get; init; }

    /// <summary>Of the field that takes the result, where the schema does not declare it; default by its type.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SqlType { get; init; }

    /// <summary>
    /// Of derive: what is computed. Of filter: the condition of the records that are kept. Of require: the condition that a record must
    /// fulfil. In the part of SQL that docs/transforms.md describes.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Expression { get; init; }

    /// <summary>Of require: the code of the dead letters, none of the service's own.</summary>
    [RegularExpression("^[a-z][a-z0-9_]{0,62}$")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Code { get; init; }

    /// <summary>Of require: the sentence that goes with the code; default the condition.</summary>
    [StringLength(500)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Message { get; init; }

    /// <summary>
    /// Of split: the fields that take the parts, in their order; the last one takes all that is left. Of date_part: the one that takes
    /// the part, default integer. Of flatten: the fields that take members, each by its source. Of lookup and score: the types of the
    /// fields that the schema does not declare, as the service fills them in.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SetFieldDocument>? Into { get; init; }

    /// <summary>Of trim: the characters to take away; default white space of Unicode.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Characters { get; init; }

    /// <summary>Of replace: the text to look for, unless there is a pattern.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    /// <summary>Of replace: a regular expression to look for, without look-around and back references.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Pattern { get; init; }

    /// <summary>Of replace: what comes in its place, as it stands. Of redact: what stands for the value; default none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? With { get; init; }

    /// <summary>Of map: what each text becomes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Table { get; init; }

    /// <summary>Of map: whether a text that is not in the table stays, is taken away, or has its record rejected.</summary>
    [DefaultValue("keep")]
    [Words("MapElse", typeof(OpWords), nameof(OpWords.MapElses))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Else { get; init; }

    /// <summary>Of null_if: texts that stand for no value.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Values { get; init; }

    /// <summary>Of default: the value for those that have none, as the data would write it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Value { get; init; }

    /// <summary>Of parse_date: patterns of strptime; the first one that a text fits reads it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Formats { get; init; }

    /// <summary>
    /// Of parse_date: whether a text that fits no pattern has its record rejected, or is taken away and counted. Of derive: the same where
    /// there is no result, as after a division by zero. Of score: the same where the model gives nothing for a record.
    /// </summary>
    [DefaultValue("reject")]
    [Words("OnError", typeof(OpWords), nameof(OpWords.OnErrors))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OnError { get; init; }

    /// <summary>Of date_part: what is taken; weeks are those of ISO 8601.</summary>
    [Words("DatePart", typeof(OpWords), nameof(OpWords.DateParts))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Part { get; init; }

    /// <summary>Of truncate: characters that stay. Of pad: characters that there are at least.</summary>
    [Range(0, int.MaxValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Length { get; init; }

    /// <summary>Of pad: where the characters go that are missing.</summary>
    [DefaultValue("start")]
    [Words("PadSide", typeof(OpWords), nameof(OpWords.PadSides))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Side { get; init; }

    /// <summary>Of pad: what to fill up with, default a space. Of mask: what stands for a character, default `*`.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Character { get; init; }

    /// <summary>Of flatten: how many objects in one another are looked into; what is deeper stays JSON. Default 64.</summary>
    [Range(1, 64)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Depth { get; init; }

    /// <summary>Of flatten: the field, default of type object, that takes the members that no other does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SetFieldDocument? Rest { get; init; }

    /// <summary>Of lookup: the dataset that is looked up; its load.mode is replace, and it has a lookup.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? From { get; init; }

    /// <summary>Of lookup: each field of that dataset's key → the field whose value it must have.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Match { get; init; }

    /// <summary>Of score: the model, with a version behind an @ or without: then the newest of when a job begins.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    /// <summary>
    /// Of score: each input or feature of the model → the field whose value it is given, or an array of fields in the order of the input's
    /// values.
    /// </summary>
    [Scalar(JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Inputs { get; init; }

    /// <summary>
    /// Of score: by an input or feature of the model, or a field, what it is given where there is no value: a number, "NaN", a text, true or
    /// false.
    /// </summary>
    [Scalar(JsonSchemaType.Object)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Defaults { get; init; }

    /// <summary>
    /// Of lookup: each field that takes a value → the field of that dataset from which it comes. Of score: → the output of the model, with
    /// the place of the value in brackets where it has several.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Set { get; init; }

    /// <summary>
    /// Of lookup: whether a record for which there is no row is rejected, has no value in the fields, or keeps what it has there.
    /// </summary>
    [DefaultValue("reject")]
    [Words("OnMissing", typeof(OpWords), nameof(OpWords.OnMissings))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Missing { get; init; }

    /// <summary>Of split and concat: the text between the parts. Of flatten: the text between names, default `_`.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Separator { get; init; }

    /// <summary>Of mask: characters at the start that stay.</summary>
    [DefaultValue(0)]
    [Range(0, int.MaxValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? KeepFirst { get; init; }

    /// <summary>Of mask: characters at the end that stay.</summary>
    [DefaultValue(0)]
    [Range(0, int.MaxValue)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? KeepLast { get; init; }

    /// <summary>Of hash.</summary>
    [DefaultValue("hmac-sha256")]
    [Words("HashAlgorithm", typeof(OpWords), nameof(OpWords.HashKinds))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Algorithm { get; init; }

    /// <summary>Of hash with hmac-sha256: the name of the key. The key itself is a setting of the service.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }

    /// <summary>
    /// Of hash with sha256: the name of the salt that is put before the text. The salt itself is a setting of the
    /// service.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SaltFrom { get; init; }

    /// <summary>
    /// Of hash, mask and redact: whether the fields hold personal data, which is then not shown in dead letters and messages either. Of
    /// lookup: the same of the fields that it sets; it is so where the looked up dataset says it. Of score: of the fields that it sets.
    /// </summary>
    [DefaultValue(false)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Pii { get; init; }
}

/// <summary>A field that an op sets.</summary>
public sealed record SetFieldDocument
{
    /// <summary>Its name, which is the column's.</summary>
    public required string Name { get; init; }

    /// <summary>Where the schema does not declare it; default string.</summary>
    [Words("FieldType", typeof(DefinitionWords), nameof(DefinitionWords.FieldTypes))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>Where the schema does not declare it; default the type's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Format { get; init; }

    /// <summary>Where the schema does not declare it; default by its type.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SqlType { get; init; }

    /// <summary>Of flatten: the member that goes there, as `geo_lat`; default its name, without that of the object before it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Source { get; init; }
}
