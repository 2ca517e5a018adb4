using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Spool.Decoding;

/// <summary>How the file itself is compressed.</summary>
/// <param name="Coding">Null: as its first bytes say, perhaps not at all.</param>
public readonly record struct FileCoding(ContentCoding? Coding);

/// <summary>What has to be undone before the records of an upload can be read.</summary>
/// <param name="OfRequest">Content-Encoding, in the order in which the codings were applied.</param>
/// <param name="OfFile">The file's own compression; null for none.</param>
public sealed record UploadCodings(ImmutableArray<ContentCoding> OfRequest, FileCoding? OfFile)
{
    public static UploadCodings None { get; } = new([], null);

    /// <summary>The encoding of the text itself.</summary>
    public TextEncoding OfText { get; init; } = TextEncoding.Utf8;

    public bool IsNone => !IsCompressed && OfText.IsUtf8;

    /// <summary>Whether what was sent may break off, and be known to be whole only at its end.</summary>
    public bool IsCompressed => !OfRequest.IsEmpty || OfFile is not null;

    /// <summary>Whether only the first bytes of what was sent tell whether there is anything to undo.</summary>
    public bool DependsOnStart => OfRequest.IsEmpty && OfFile is { Coding: null };

    /// <summary>What a message and a metric call them.</summary>
    public string Name => string.Join(
        ", ",
        OfRequest.Select(ContentCodings.TokenOf)
            .Concat(OfFile is { } file ? [file.Coding is { } coding ? ContentCodings.TokenOf(coding) : "auto"] : [])
            .Concat(OfText.IsUtf8 ? [] : [OfText.Name]));

    /// <exception cref="SpoolNewerException">One of them is not known here.</exception>
    public static UploadCodings Of(SpoolManifest manifest)
    {
        if (!manifest.IsCoded)
        {
            return None;
        }

        ImmutableArray<ContentCoding> codings = ContentCodings.Parse(manifest.ContentEncoding ?? "", out string? unknown);
        TextEncoding? text = manifest.Encoding is null ? TextEncoding.Utf8 : TextEncoding.Find(manifest.Encoding);
        unknown ??= text is null ? manifest.Encoding : null;
        return unknown is null
            ? new UploadCodings(codings, Of(manifest.Compression)) { OfText = text! }
            : throw new SpoolNewerException($"The upload is coded with {unknown}, which this version does not know.");
    }

    public static FileCoding? Of(FileCompression compression) => compression switch
    {
        FileCompression.None => null,
        FileCompression.Gzip => new FileCoding(ContentCoding.Gzip),
        FileCompression.Zstd => new FileCoding(ContentCoding.Zstd),
        FileCompression.Brotli => new FileCoding(ContentCoding.Brotli),
        _ => new FileCoding(null),
    };
}
