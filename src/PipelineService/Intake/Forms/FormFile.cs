using PipelineService.Core.Datasets;

namespace PipelineService.Intake.Forms;

/// <summary>
/// How a file of a form is read: by its own Content-Type, and where that says nothing, as those of most browsers and of curl do, by the
/// end of its name, and at last by the dataset's <c>format</c>.
/// </summary>
internal static class FormFile
{
    private static readonly (string Ending, FileCompression Compression)[] Compressions =
        [(".gz", FileCompression.Gzip), (".zst", FileCompression.Zstd), (".br", FileCompression.Brotli)];

    /// <param name="name">What its sender calls it; looked at for its end, and never used as a path.</param>
    /// <exception cref="UploadRefusedException">It is none that can be loaded into the dataset.</exception>
    public static (string MediaType, UploadForm Kind, FileCompression Compression) TypeOf(
        string? contentType, string name, DatasetDefinition dataset)
    {
        string type = contentType?.Split(';')[0].Trim() ?? "";
        if (type.Length > 0 && !type.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase))
        {
            return UploadContentType.Of(contentType, dataset);
        }

        (string ending, FileCompression compression) =
            Compressions.FirstOrDefault(known => name.EndsWith(known.Ending, StringComparison.OrdinalIgnoreCase));
        string bare = ending is null ? name : name[..^ending.Length];
        FormatRow row = FormatTable.Rows.FirstOrDefault(
            row => row.Extensions.Any(extension => bare.EndsWith(extension, StringComparison.OrdinalIgnoreCase)))
            ?? FormatTable.Of(dataset.Format);
        return (row.MediaType, row.Form, ending is null ? dataset.Compression : compression);
    }
}
