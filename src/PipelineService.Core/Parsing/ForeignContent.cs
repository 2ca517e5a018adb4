using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing;

/// <summary>
/// Data that is no text, known by its first bytes: what it is, and how it becomes text. Signatures:
/// https://www.iana.org/assignments/media-types, RFC 1952 (gzip), RFC 8878 (zstd), APPNOTE.TXT 4.3.7 (ZIP), and the byte order
/// marks of Unicode. None of them can begin UTF-8 that is meant as CSV or JSON.
/// </summary>
public static class ForeignContent
{
    /// <summary>First bytes that suffice to tell.</summary>
    public const int BytesLooked = 8;

    /// <param name="bytes">The first bytes of the data; <see cref="BytesLooked"/> unless there are fewer.</param>
    /// <returns>A sentence for the user, or null where the bytes say nothing.</returns>
    public static string? SentenceOf(ReadOnlySpan<byte> bytes) => SentenceOf(bytes, TextEncoding.Utf8);

    /// <param name="bytes">As sent: the first bytes of the data; <see cref="BytesLooked"/> unless there are fewer.</param>
    /// <param name="encoding">What it is to be.</param>
    /// <inheritdoc cref="SentenceOf(ReadOnlySpan{byte})"/>
    public static string? SentenceOf(ReadOnlySpan<byte> bytes, TextEncoding encoding) => OtherEncoding(bytes, encoding) ?? OtherForm(bytes);

    private static string? OtherForm(ReadOnlySpan<byte> bytes) => bytes switch
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
        [(byte)'A', (byte)'R', (byte)'R', (byte)'O', (byte)'W', (byte)'1', 0, 0, ..] =>
            "The data is an Arrow file: send it with -H 'Content-Type: application/vnd.apache.arrow.file'.",
        [0xFF, 0xFF, 0xFF, 0xFF, _, _, _, 0, ..] =>
            "The data is an Arrow stream: send it with -H 'Content-Type: application/vnd.apache.arrow.stream'.",
        [(byte)'%', (byte)'P', (byte)'D', (byte)'F', (byte)'-', ..] =>
            "The data is a PDF: export the table in it as CSV in UTF-8.",
        _ => null,
    };

    private static string? OtherEncoding(ReadOnlySpan<byte> bytes, TextEncoding encoding) => bytes switch
    {
        [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] => "The data is UTF-32: convert it, as iconv -f UTF-32 -t UTF-8 does.",
        [0xFF, 0xFE, ..] when encoding.Kind is not (EncodingKind.Utf16Little or EncodingKind.Utf16Marked) =>
            Marked("UTF-16 (utf-16le)", "utf-16", encoding),
        [0xFE, 0xFF, ..] when encoding.Kind is not (EncodingKind.Utf16Big or EncodingKind.Utf16Marked) =>
            Marked("UTF-16 (utf-16be)", "utf-16", encoding),
        [0xEF, 0xBB, 0xBF, ..] when !encoding.IsUtf8 => Marked("UTF-8", "utf-8", encoding),
        [(byte)'{' or (byte)'[', 0, ..] when !encoding.IsUtf16 =>
            "The data is UTF-16 without a byte order mark: " + Set("utf-16le", encoding),
        [0, (byte)'{' or (byte)'[', ..] when !encoding.IsUtf16 =>
            "The data is UTF-16 without a byte order mark: " + Set("utf-16be", encoding),
        _ => null,
    };

    private static string Marked(string form, string name, TextEncoding encoding) =>
        $"The data begins with the byte order mark of {form}, and is read as {encoding.Name}: {Set(name, encoding)}";

    /// <summary>Beside a declared encoding other than UTF-8 a charset has no say.</summary>
    private static string Set(string name, TextEncoding read) => read.IsUtf8
        ? $"send it with charset={name} in the Content-Type (-H 'Content-Type: text/csv; charset={name}'), or set \"encoding\": "
            + $"\"{name}\" in the dataset."
        : $"set \"encoding\": \"{name}\" in the dataset, and no other charset in the Content-Type.";

    private static string Compressed(string form, string token) =>
        $"The data is compressed with {form}: send it with -H 'Content-Encoding: {token}', or declare \"compression\": \"{token}\" in the "
        + "dataset.";

    private static string Unreadable(string form, string command) =>
        $"The data is compressed with {form}: send it uncompressed, as {command} FILE | curl -X POST -T - … does.";
}
