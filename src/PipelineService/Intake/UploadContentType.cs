using Microsoft.Net.Http.Headers;
using PipelineService.Core.Datasets;

namespace PipelineService.Intake;

/// <summary>
/// How the records of an upload are written, by its Content-Type; where that says nothing, by the dataset's <c>format</c>. A type
/// that says how a file is compressed says nothing about what is in it.
/// </summary>
internal static class UploadContentType
{
    private const string Csv = "text/csv";
    private const string Tsv = "text/tab-separated-values";
    private const string Ndjson = "application/x-ndjson";
    private const string Gzip = "application/gzip";
    private const string Zstd = "application/zstd";

    /// <summary>What the value of Accept-Post lists (some aliases are taken as well).</summary>
    public static readonly string[] Known = [Csv, Tsv, Ndjson, Gzip, Zstd];

    public static readonly string AcceptPost = string.Join(", ", Known);

    /// <returns>The type that the data is read as, what that means, and how the file is compressed.</returns>
    /// <exception cref="UploadRefusedException">It is none that can be loaded into the dataset.</exception>
    public static (string MediaType, UploadForm Kind, FileCompression Compression) Of(HttpRequest request, DatasetDefinition dataset)
    {
        if (string.IsNullOrEmpty(request.ContentType))
        {
            return Of(dataset.Format, dataset.Compression);
        }

        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
        {
            throw new UploadRefusedException(UploadProblems.UnsupportedMediaType(request.ContentType));
        }

        string charset = type.Charset.ToString().Trim('"');
        if (charset.Length > 0 && charset.ToLowerInvariant() is not ("utf-8" or "utf8" or "us-ascii"))
        {
            throw new UploadRefusedException(UploadProblems.UnsupportedCharset(charset));
        }

        string mediaType = type.MediaType.ToString().ToLowerInvariant();
        switch (mediaType)
        {
            case Csv or "application/csv":
                RefuseOtherHeader(type, dataset.Dialect.Header);
                return (mediaType, new UploadForm(DataFormat.Csv, Delimiter: null), dataset.Compression);
            case Tsv:
                return (mediaType, new UploadForm(DataFormat.Csv, Delimiter: (byte)'\t'), dataset.Compression);
            case Ndjson or "application/ndjson" or "application/jsonl":
                return (mediaType, new UploadForm(DataFormat.Ndjson, Delimiter: null), dataset.Compression);
            case "application/octet-stream":
                return Of(dataset.Format, dataset.Compression);
            case Gzip or "application/x-gzip":
                return Of(dataset.Format, FileCompression.Gzip);
            case Zstd or "application/x-zstd":
                return Of(dataset.Format, FileCompression.Zstd);
            case "application/vnd.ms-excel": // what browsers on Windows call a file whose name ends in .csv
                return Of(DataFormat.Csv, dataset.Compression);
            default:
                throw new UploadRefusedException(UploadProblems.UnsupportedMediaType(request.ContentType));
        }
    }

    private static (string MediaType, UploadForm Kind, FileCompression Compression) Of(DataFormat format, FileCompression compression) =>
        (format == DataFormat.Ndjson ? Ndjson : Csv, new UploadForm(format, Delimiter: null), compression);

    /// <summary>The parameter of RFC 4180, section 3: the dataset says the same, or one of the two is wrong.</summary>
    private static void RefuseOtherHeader(MediaTypeHeaderValue type, bool isDeclared)
    {
        string said = type.Parameters.FirstOrDefault(p => p.Name.Equals("header", StringComparison.OrdinalIgnoreCase))
            ?.Value.ToString().Trim('"') ?? "";
        if (said.Length > 0 && !said.Equals(isDeclared ? "present" : "absent", StringComparison.OrdinalIgnoreCase))
        {
            throw new UploadRefusedException(UploadProblems.OtherHeader(said, isDeclared));
        }
    }
}
