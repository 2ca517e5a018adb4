namespace PipelineService.Core.Parsing;

/// <summary>
/// Data that is no delimited text, known by its first bytes: what it is, and how it becomes text. Signatures:
/// https://www.iana.org/assignments/media-types, RFC 1952 (gzip), RFC 8878 (zstd), APPNOTE.TXT 4.3.7 (ZIP), and the byte order
/// marks of Unicode.
/// </summary>
public static class ForeignContent
{
    /// <returns>A sentence for the user, or null where the bytes say nothing.</returns>
    public static string? SentenceOf(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0x1F, 0x8B, ..] => "The data is compressed with gzip: send it uncompressed, as gunzip -c writes it.",
        [0x28, 0xB5, 0x2F, 0xFD, ..] => "The data is compressed with Zstandard: send it uncompressed, as zstd -dc writes it.",
        [(byte)'P', (byte)'K', 3, 4, ..] =>
            "The data is a ZIP file, as workbooks (.xlsx, .ods) are: unpack it, or save the sheet as CSV in UTF-8.",
        [0xD0, 0xCF, 0x11, 0xE0, ..] => "The data is a workbook of an old kind (.xls): save the sheet as CSV in UTF-8.",
        [(byte)'P', (byte)'A', (byte)'R', (byte)'1', ..] => "The data is a Parquet file: export it as CSV or NDJSON.",
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] => "The data is UTF-16: convert it, as iconv -f UTF-16 -t UTF-8 does.",
        _ => null,
    };
}
