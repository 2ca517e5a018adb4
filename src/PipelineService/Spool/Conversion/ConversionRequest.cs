using System.Text.Json;
using System.Text.Json.Serialization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion;

/// <summary>What a dataset wants of the values of a column of a file.</summary>
internal enum WantedForm
{
    /// <summary>As they are: numbers as numbers, text as text.</summary>
    Natural,

    /// <summary>As text, whatever they are.</summary>
    Text,

    /// <summary>Bytes, in base64.</summary>
    Base64,

    /// <summary>Of a cell that is a date or a time: both.</summary>
    DateTime,

    /// <summary>Of a cell that is a time: how long it is.</summary>
    Duration,
}

/// <summary>What the child process is told: which file to convert, and what is wanted of it.</summary>
/// <param name="Format">What the file is.</param>
/// <param name="Path">Where it lies. Nothing else is opened.</param>
/// <param name="Fields">By their names in the data, the fields that do not take values as they are.</param>
/// <param name="MemoryBytes">What the library that reads it may use.</param>
internal sealed record ConversionRequest(
    DataFormat Format, string Path, IReadOnlyDictionary<string, WantedForm> Fields, long MemoryBytes)
{
    /// <summary>The file that takes what is made of it; it is there, and empty.</summary>
    public string Target { get; init; } = "";

    /// <summary>By their names in the data, the fields that take values in a binary form, and which.</summary>
    public IReadOnlyDictionary<string, PackedTag> Packed { get; init; } = new Dictionary<string, PackedTag>();

    /// <summary>Whether names of columns are matched without regard to case and blanks around them.</summary>
    public bool MatchesLoosely { get; init; }

    /// <summary>Of a workbook, which sheet, and where in it the records are.</summary>
    public SheetRequest? Sheet { get; init; }

    /// <summary>What a part of it may come to that is compressed by itself.</summary>
    public DecodedLimits PartLimits { get; init; } = DecodedLimits.None;

    /// <summary>
    /// What a field of text is given: text of whatever there is, of bytes those that it declares in base64. All others take values as
    /// they are. Where several fields read one column, the first that is particular decides.
    /// </summary>
    public static IReadOnlyDictionary<string, WantedForm> FieldsOf(TableSchema schema)
    {
        Dictionary<string, WantedForm> fields = new(StringComparer.Ordinal);
        foreach (FieldDefinition field in schema.FieldsInData)
        {
            WantedForm form = field.Type switch
            {
                FieldType.String => field.Format == FieldFormats.Binary ? WantedForm.Base64 : WantedForm.Text,
                FieldType.DateTime => WantedForm.DateTime,
                FieldType.Duration => WantedForm.Duration,
                _ => WantedForm.Natural,
            };
            if (form != WantedForm.Natural)
            {
                fields.TryAdd(field.NameInData, form);
            }
        }

        return fields;
    }

    /// <summary>In a binary form are the values of those columns that all of their readers take in it.</summary>
    public static IReadOnlyDictionary<string, PackedTag> PackedOf(DatasetDefinition definition)
    {
        Dictionary<string, PackedTag> packed = new(StringComparer.Ordinal);
        foreach (IGrouping<string, FieldDefinition> readers in
            definition.Schema.FieldsInData.GroupBy(field => field.NameInData, StringComparer.Ordinal))
        {
            PackedTag[] forms =
                [.. readers.Select(field => FieldEncoders.PackedFormOf(field, definition.Schema.MissingValuesOf(field))).Distinct()];
            if (forms is [not PackedTag.Null])
            {
                packed.Add(readers.Key, forms[0]);
            }
        }

        return packed;
    }

    /// <summary>What is wanted of a column.</summary>
    public WantedForm FormOf(string name) => Find(Fields, name);

    /// <summary>In which binary form values of a column are taken; <see cref="PackedTag.Null"/> for none.</summary>
    public PackedTag PackedFormOf(string name) => Find(Packed, name);

    private T Find<T>(IReadOnlyDictionary<string, T> fields, string name)
        where T : struct => fields.TryGetValue(name, out T found) ? found
            : MatchesLoosely ? fields.FirstOrDefault(field => HeaderNames.KeyOf(field.Key) == HeaderNames.KeyOf(name)).Value
            : default;

    public string ToLine() => JsonSerializer.Serialize(this, ConversionJson.Default.ConversionRequest);

    public static ConversionRequest FromLine(string line) =>
        JsonSerializer.Deserialize(line, ConversionJson.Default.ConversionRequest)
        ?? throw new FormatException("The request is empty.");
}

/// <summary>The sheet of a workbook.</summary>
/// <param name="Name">Null takes it by its number.</param>
/// <param name="Number">From 1 on; null is the first that is not hidden.</param>
/// <param name="HeaderRows">Rows, from 1 on, that name the columns; none where <paramref name="Names"/> does.</param>
/// <param name="HeaderJoin">What stands between the parts of a name.</param>
/// <param name="CommentRows">Rows that are no records.</param>
/// <param name="Names">Of the columns, where the sheet does not name them.</param>
internal sealed record SheetRequest(
    string? Name, int? Number, IReadOnlyList<int> HeaderRows, string HeaderJoin, IReadOnlyList<int> CommentRows, IReadOnlyList<string>? Names)
{
    public static SheetRequest Of(DatasetDefinition definition) => new(
        definition.Dialect.SheetName,
        definition.Dialect.SheetNumber,
        definition.Dialect.Header ? definition.Dialect.HeaderRows : [],
        definition.Dialect.HeaderJoin,
        definition.Dialect.CommentRows,
        definition.Dialect.Header ? null : [.. definition.Schema.FieldsInData.Select(field => field.NameInData)]);
}

/// <summary>How it is told, compiled with the code: a process that lives for one file has no time to find out.</summary>
[JsonSerializable(typeof(ConversionRequest))]
internal sealed partial class ConversionJson : JsonSerializerContext;
