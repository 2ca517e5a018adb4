using System.Text;
using PipelineService.Core.Datasets;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>Asks the framework's tables what bytes mean, and takes only what they are sure of.</summary>
internal sealed class CodeTable
{
    /// <summary>In the place of a character that there is not.</summary>
    public const char None = '\0';

    private const int AppleCodePage = 10000;

    private readonly Decoder _decoder;
    private readonly bool _isSingle;
    private readonly bool _hasPrivate;

    public CodeTable(TextEncoding encoding)
    {
        Text table = CodePagesEncodingProvider.Instance.GetEncoding(encoding.CodePage)
            ?? Text.GetEncoding(encoding.CodePage); // Latin-1 is not in the provider
        table = (Text)table.Clone();
        table.DecoderFallback = new DecoderReplacementFallback("\0");
        _decoder = table.GetDecoder();
        _isSingle = encoding.Kind == EncodingKind.Single;
        _hasPrivate = encoding.Kind != EncodingKind.Single || encoding.CodePage == AppleCodePage;
    }

    /// <summary>The character that bytes from 0x80 on are; <see cref="None"/> where they are none.</summary>
    /// <remarks>
    /// Control characters (U+0080 to U+009F) are none: nobody sends them, and what has such bytes is text of another encoding. The
    /// framework has them, and characters for private use, in the place of what a table leaves free.
    /// </remarks>
    public char CharOf(params ReadOnlySpan<byte> bytes)
    {
        Span<char> chars = stackalloc char[4];
        _decoder.Reset();
        int count = _decoder.GetChars(bytes, chars, flush: true);
        char found = chars[0];
        bool isPrivate = found is >= '\uE000' and <= '\uF8FF';
        return count != 1 || found <= '\u009F' || char.IsSurrogate(found) || found == '\uFFFD'
            || (isPrivate && (!_hasPrivate || (bytes.Length == 1 && !_isSingle))) ? None : found;
    }
}
