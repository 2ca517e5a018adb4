using System.Collections.Concurrent;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>
/// Text of one encoding made UTF-8, and how long it was before. Immutable but for its tables, which are made once; shared by all who read
/// text of the encoding.
/// </summary>
public abstract class Transcoding(TextEncoding encoding)
{
    /// <summary>Room in the destination that always suffices for a character, however many bytes of the source it takes.</summary>
    public const int BytesAhead = 32;

    private static readonly ConcurrentDictionary<TextEncoding, Transcoding> Known = new();

    public TextEncoding Encoding { get; } = encoding;

    /// <summary>Null for UTF-8, which is read as it is.</summary>
    public static Transcoding? Of(TextEncoding encoding) => encoding.IsUtf8 ? null : Known.GetOrAdd(encoding, Make);

    /// <summary>
    /// Looks at the start of the text.
    /// </summary>
    /// <param name="start">Its first bytes, <see cref="ForeignContent.BytesLooked"/> unless there are fewer.</param>
    /// <param name="fault">Why it cannot be of this encoding, for the user; else null.</param>
    /// <returns>What transcodes this text: where its mark says how it is written, something else than this.</returns>
    public virtual Transcoding Begin(ReadOnlySpan<byte> start, out string? fault)
    {
        fault = ForeignContent.SentenceOf(start, Encoding);
        return this;
    }

    /// <summary>
    /// Transcodes whole characters, as many as are there and find room. What is no character is <see cref="WrongBytes"/>.
    /// </summary>
    /// <param name="source">As sent.</param>
    /// <param name="isLast">Whether nothing follows it.</param>
    /// <param name="destination">At least <see cref="BytesAhead"/> long.</param>
    /// <param name="consumed">Bytes of the source that were taken.</param>
    /// <returns>Bytes written.</returns>
    public abstract int Transcode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed);

    /// <summary>How many bytes of the source text that was transcoded was.</summary>
    /// <param name="text">Whole characters.</param>
    public abstract long LengthOf(ReadOnlySpan<byte> text);

    private static Transcoding Make(TextEncoding encoding) => encoding.Kind switch
    {
        EncodingKind.Single => new SingleByteTranscoding(encoding),
        EncodingKind.Pairs => new PairTranscoding(encoding),
        EncodingKind.Gb18030 => new Gb18030Transcoding(encoding),
        _ => new Utf16Transcoding(encoding),
    };
}
