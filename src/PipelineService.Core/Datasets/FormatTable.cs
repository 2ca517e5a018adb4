using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>One way in which an upload's records are written.</summary>
/// <param name="MediaType">What its Content-Type says.</param>
/// <param name="Form">How it is read.</param>
/// <param name="Title">What the records are, for people.</param>
public sealed record FormatRow(string MediaType, UploadForm Form, string Title)
{
    /// <summary>Other media types that mean the same.</summary>
    public ImmutableArray<string> Aliases { get; init; } = [];

    /// <summary>How the names of such files end, with the dot.</summary>
    public ImmutableArray<string> Extensions { get; init; } = [];

    /// <summary>Whether its records are values of JSON.</summary>
    public bool IsJson => Form.Format is DataFormat.Ndjson or DataFormat.Json or DataFormat.JsonSequence;

    /// <summary>
    /// Whether such a file is no text but converted before it is read, once all of it is there: what it says of its values and not how it
    /// is written is what the dataset's fields are given.
    /// </summary>
    public bool IsConverted => Form.Format is DataFormat.Parquet or DataFormat.Xlsx or DataFormat.Arrow;
}

/// <summary>
/// The formats that uploads may have: what is taken, told in errors and in the OpenAPI document, and written down in docs/formats.md.
/// </summary>
public static class FormatTable
{
    /// <summary>All formats; the first of a <see cref="DataFormat"/> is what it is called where nothing else is said.</summary>
    public static ImmutableArray<FormatRow> Rows { get; } =
    [
        new("text/csv", new UploadForm(DataFormat.Csv, Delimiter: null), "Delimited text")
        {
            Aliases = ["application/csv"],
            Extensions = [".csv"],
        },
        new("text/tab-separated-values", new UploadForm(DataFormat.Csv, Delimiter: (byte)'\t'), "Text with tabs between its fields")
        {
            Extensions = [".tsv", ".tab"],
        },
        new("application/x-ndjson", new UploadForm(DataFormat.Ndjson, Delimiter: null), "One record of JSON a line")
        {
            Aliases = ["application/ndjson", "application/jsonl"],
            Extensions = [".ndjson", ".jsonl"],
        },
        new("application/json", new UploadForm(DataFormat.Json, Delimiter: null), "A JSON array of records, or an object that has one")
        {
            Aliases = ["text/json"],
            Extensions = [".json"],
        },
        new("application/json-seq", new UploadForm(DataFormat.JsonSequence, Delimiter: null), "A JSON text sequence (RFC 7464)")
        {
            Extensions = [".json-seq"],
        },
        new("application/vnd.apache.parquet", new UploadForm(DataFormat.Parquet, Delimiter: null), "An Apache Parquet file")
        {
            Aliases = ["application/x-parquet", "application/parquet"],
            Extensions = [".parquet"],
        },
        new("application/vnd.apache.arrow.stream", new UploadForm(DataFormat.Arrow, Delimiter: null), "An Apache Arrow IPC stream")
        {
            Extensions = [".arrows"],
        },
        new("application/vnd.apache.arrow.file", new UploadForm(DataFormat.Arrow, Delimiter: null), "An Apache Arrow IPC file, also Feather 2")
        {
            Extensions = [".arrow", ".feather"],
        },
        new(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", new UploadForm(DataFormat.Xlsx, Delimiter: null),
            "A workbook of a spreadsheet")
        {
            Extensions = [".xlsx"],
        },
    ];

    /// <summary>The row of a media type, also by an alias; null when it is none of a format.</summary>
    /// <param name="mediaType">In lower case, without parameters.</param>
    public static FormatRow? Of(string mediaType) =>
        Rows.FirstOrDefault(row => row.MediaType == mediaType || row.Aliases.Contains(mediaType));

    /// <summary>The row of a format.</summary>
    public static FormatRow Of(DataFormat format) => Rows.First(row => row.Form.Format == format);
}
