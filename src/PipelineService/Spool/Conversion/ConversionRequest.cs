using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Http;

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
    /// <summary>Whether names of columns are matched without regard to case and blanks around them.</summary>
    public bool MatchesLoosely { get; init; }

    /// <summary>Of a workbook, which sheet, and where in it the records are.</summary>
    public SheetRequest? Sheet { get; init; }

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

    /// <summary>What is wanted of a column.</summary>
    public WantedForm FormOf(string name) => Fields.TryGetValue(name, out WantedForm form) ? form
        : MatchesLoosely ? Fields.FirstOrDefault(field => Core.Parsing.Csv.HeaderNames.KeyOf(field.Key) == Core.Parsing.Csv.HeaderNames.KeyOf(name)).Value
        : WantedForm.Natural;

    public string ToLine() => JsonSerializer.Serialize(this, PipelineJson.Options);

    public static ConversionRequest FromLine(string line) =>
        JsonSerializer.Deserialize<ConversionRequest>(line, PipelineJson.Options)
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
