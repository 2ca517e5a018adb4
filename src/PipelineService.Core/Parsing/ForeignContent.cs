namespace PipelineService.Core.Parsing;

/// <summary>
/// Data that is no text, known by its first bytes: what it is, and how it becomes text. Signatures:
/// https://www.iana.org/assignments/media-types, RFC 1952 (gzip), RFC 8878 (zstd), APPNOTE.TXT 4.3.7 (ZIP), and the byte order
/// marks of Unicode. None of them can begin UTF-8 that is meant as CSV or JSON.
/// </summary>
public static class ForeignContent
{
    /// <summary>First bytes that suffice to tell.</summary>
    public const int BytesLooked = 6;

    /// <param name="bytes">The first bytes of the data; <see cref="BytesLooked"/> unless there are fewer.</param>
    /// <returns>A sentence for the user, or null where the bytes say nothing.</returns>
    public static string? SentenceOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0x1F, 0x8B, ..] => Compressed("gzip", "gzip"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Compressed("Zstandard", "zstd"),
        [(byte)'B', (byte)'Z', (byte)'h', _, 0x31, 0x41, ..] => Unreadable("bzip2", "bunzip2 -c"),
        [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => Unreadable("xz", "xz -dc"),
        [(byte)'P', (byte)'K', 3, 4, ..] =>
            "The data is a ZIP file, as workbooks (.xlsx) are: send those with -H 'Content-Type: "
            + "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', and unpack others.",
        [0xD0, 0xCF, 0x11, 0xE0, ..] => "The data is a workbook of an old kind (.xls), or protected by a password: save it as .xlsx, or the sheet as CSV in UTF-8.",
        [(byte)'P', (byte)'A', (byte)'R', (byte)'1', < (byte)'\t' or 0x15, ..] =>
            "The data is a Parquet file: send it with -H 'Content-Type: application/vnd.apache.parquet'.",
        [(byte)'%', (byte)'P', (byte)'D', (byte)'F', (byte)'-', ..] =>
            "The data is a PDF: export the table in it as CSV in UTF-8.",
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [(byte)'{' or (byte)'[', 0, ..] or [0, (byte)'{' or (byte)'[', ..] =>
            "The data is UTF-16: convert it, as iconv -f UTF-16 -t UTF-8 does.",
        _ => null,
    };

    private static string Compressed(string form, string token) =>
        $"The data is compressed with {form}: send it with -H 'Content-Encoding: {token}', or declare \"compression\": \"{token}\" in the "
        + "dataset.";

    private static string Unreadable(string form, string command) =>
        $"The data is compressed with {form}: send it uncompressed, as {command} FILE | curl -X POST -T - … does.";
}
