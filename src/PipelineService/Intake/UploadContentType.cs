using Microsoft.Net.Http.Headers;
using PipelineService.Core.Datasets;

namespace PipelineService.Intake;

/// <summary>
/// How the records of an upload are written, by its Content-Type; where that says nothing, by the dataset's <c>format</c>. A type
/// that says how a file is compressed says nothing about what is in it.
/// </summary>
internal static class UploadContentType
{
    private const string Gzip = "application/gzip";
    private const string Zstd = "application/zstd";

    /// <summary>What the value of Accept-Post lists (some aliases are taken as well).</summary>
    public static readonly string[] Known = [.. FormatTable.Rows.Select(row => row.MediaType), Gzip, Zstd];

    public static readonly string AcceptPost = string.Join(", ", Known);

    /// <returns>The type that the data is read as, what that means, and how the file is compressed.</returns>
    /// <exception cref="UploadRefusedException">It is none that can be loaded into the dataset.</exception>
    public static (string MediaType, UploadForm Kind, FileCompression Compression) Of(string? contentType, DatasetDefinition dataset)
    {
        if (string.IsNullOrEmpty(contentType))
        {
            return Of(dataset.Format, dataset.Compression);
        }

        if (!MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? type))
        {
            throw new UploadRefusedException(UploadProblems.UnsupportedMediaType(contentType));
        }

        string mediaType = type.MediaType.ToString().ToLowerInvariant();
        if (FormatTable.Of(mediaType) is { } row)
        {
            if (row.Form == new UploadForm(DataFormat.Csv, Delimiter: null))
            {
                RefuseOtherHeader(type, dataset.Dialect.Header);
            }

            return (mediaType, row.Form, dataset.Compression);
        }

        return mediaType switch
        {
            "application/octet-stream" => Of(dataset.Format, dataset.Compression),
            Gzip or "application/x-gzip" => Of(dataset.Format, FileCompression.Gzip),
            Zstd or "application/x-zstd" => Of(dataset.Format, FileCompression.Zstd),
            "application/vnd.ms-excel" => Of(DataFormat.Csv, dataset.Compression), // what browsers on Windows call a file whose name ends in .csv
            _ => throw new UploadRefusedException(UploadProblems.UnsupportedMediaType(contentType)),
        };
    }

    private static (string MediaType, UploadForm Kind, FileCompression Compression) Of(DataFormat format, FileCompression compression)
    {
        FormatRow row = FormatTable.Of(format);
        return (row.MediaType, row.Form, compression);
    }

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
